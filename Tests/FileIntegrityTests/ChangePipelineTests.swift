import EventModel
import FileIntegrity
import KernelDecoding
import ProcessTable
import Testing

/// When a change goes out, and what it waits for. Times are milliseconds.
@Suite struct ChangePipelineTests {
    private final class Output {
        var changes: [FileChange] = []
        var hasBacklog = false
    }

    private let output = Output()
    private let pipeline: ChangePipeline<DiskPicture>

    init() {
        let disk = DiskPicture()
        disk.states["/w/f"] = DiskPicture.file(inode: 7)
        let table = ProcessTable(bootOffset: 0, realtimeOffset: 0) { _ in .unknown }
        table.connectorIsLive = true
        table.taskstatsIsLive = true
        let coalescer = ChangeCoalescer(
            inspector: disk, settleWindow: 250_000_000, realtimeOffset: 0, now: 0)
        let output = output
        pipeline = ChangePipeline(
            table: table, coalescer: coalescer, look: { _ in nil }, deliver: { output.changes.append($0) })
        pipeline.auditHasBacklog = { output.hasBacklog }
        table.apply(program(of: 10, parent: 1))
    }

    private func ms(_ value: UInt64) -> UInt64 { value * 1_000_000 }

    private func program(of pid: Int32, parent: Int32) -> ProcessSnapshot {
        var snapshot = ProcessSnapshot(pid: pid, reason: .scan, begin: 0, end: 1, verified: true)
        snapshot.executable = "/bin/a"
        snapshot.arguments = ["a"]
        snapshot.parentPid = parent
        snapshot.credentials = Credentials(user: 0, effectiveUser: 0, group: 0, effectiveGroup: 0)
        return snapshot
    }

    /// A write of `/w/f` by `pid`, read at one second.
    private func write(by pid: Int32) {
        pipeline.note(
            FileEvent(
                source: .fanotify, operations: [.modified, .closedAfterWrite], path: "/w/f",
                object: FileObjectID(filesystem: 1, inode: 7, generation: 1), isDirectory: false, pid: pid,
                readAt: ms(1_000), notBefore: ms(999)),
            sequence: 1)
    }

    private func record(by pid: Int32, stamped: UInt64, readAt: UInt64) -> AuditFacts {
        var facts = AuditFacts(serial: 1, milliseconds: stamped, readAt: ms(readAt), pid: pid)
        facts.success = true
        facts.loginUser = .user(1_000)
        facts.paths = [AuditPath(name: "/w/f", inode: 7, nameType: .normal)]
        return facts
    }

    /// Lets time pass until the change is out, and returns when that was.
    private func timeOfDelivery(until end: UInt64 = 5_000, _ meanwhile: (UInt64) -> Void = { _ in })
        -> UInt64?
    {
        for now in stride(from: 1_000, through: end, by: 5) {
            meanwhile(now)
            pipeline.advance(now: ms(now))
            if !output.changes.isEmpty { return now }
        }
        return nil
    }

    @Test func aKnownProgramWaitsForNothingWithoutAudit() throws {
        write(by: 10)
        let time = try #require(timeOfDelivery())
        #expect(time <= 1_010)
    }

    @Test func auditThatHasNothingIsGivenATenthOfASecond() throws {
        pipeline.auditIsLive = true
        write(by: 10)
        let time = try #require(timeOfDelivery { pipeline.table.noteAuditDrained(upTo: ms($0)) })
        #expect((1_095...1_120).contains(time))
        #expect(output.changes.first?.attribution?.process.loginUser.isKnown == false)
    }

    @Test func recordsThatWaitInTheKernelAreWaitedFor() throws {
        pipeline.auditIsLive = true
        output.hasBacklog = true
        write(by: 10)
        let time = try #require(
            timeOfDelivery { now in
                pipeline.table.noteAuditDrained(upTo: ms(now))
                if now == 1_500 { pipeline.note(record(by: 10, stamped: 999, readAt: now)) }
            })
        #expect((1_500...1_510).contains(time))
        #expect(output.changes.first?.attribution?.process.loginUser.value == .user(1_000))
    }

    @Test func aReaderThatIsBehindIsWaitedForNotForEver() throws {
        pipeline.auditIsLive = true
        write(by: 10)
        let time = try #require(timeOfDelivery())
        #expect((2_900...3_100).contains(time))
    }

    @Test func aLaterRecordOfTheSameProcessAndFileIsOfAnotherChange() throws {
        pipeline.auditIsLive = true
        output.hasBacklog = true
        write(by: 10)
        _ = timeOfDelivery { now in
            pipeline.table.noteAuditDrained(upTo: ms(now))
            if now == 1_500 { pipeline.note(record(by: 10, stamped: 1_400, readAt: now)) }
        }
        let change = try #require(output.changes.first)
        #expect(change.attribution?.process.loginUser.isKnown == false)
    }

    @Test func theExitRecordOfAProgramThatNobodyElseToldOfIsWaitedFor() throws {
        pipeline.note(ProcessEvent(pid: 10, change: .fork(child: 20), time: ms(998)))
        pipeline.note(ProcessEvent(pid: 20, change: .exec, time: ms(999)))
        pipeline.table.noteOpenedExecutable(
            pid: 20, path: "/bin/b", inode: 9, sequence: 0, notBefore: ms(998), readAt: ms(999))
        write(by: 20)
        let time = try #require(
            timeOfDelivery { now in
                guard now == 1_500 else { return }
                pipeline.note(ProcessEvent(pid: 20, change: .exit(status: 0), time: ms(now)))
                pipeline.note(
                    TaskExit(
                        pid: 20, parentPid: 10, user: 0, group: 0, name: "b", executableDevice: 1,
                        executableInode: 9, readAt: ms(now)))
            })
        #expect((1_500...1_510).contains(time))
        #expect(output.changes.first?.attribution?.process.executable.value == "/bin/b")
    }

    @Test func aKernelThreadHasNoProgramToWaitFor() throws {
        var thread = program(of: 30, parent: 2)
        thread.executable = nil
        thread.arguments = nil
        pipeline.table.apply(thread)
        write(by: 30)
        let time = try #require(timeOfDelivery())
        #expect(time <= 1_050)
    }
}
