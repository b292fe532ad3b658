import CProc
import EventModel
import EventRing
import Foundation
import KernelDecoding
import KernelSources
import Testing

/// Runs a process source for the length of `body`, and gives back its records.
private struct Records {
    var raw: [(kind: UInt16, flags: UInt16, time: UInt64, bytes: [UInt8])] = []

    var events: [ProcessEvent] {
        raw.filter { $0.kind == UInt16(CRECORD_PROC_EVENTS.rawValue) }.compactMap { record in
            let bytes = record.bytes
            return try? ProcessEvent(decoding: bytes.span.bytes)
        }
    }

    var exits: [TaskExit] {
        raw.filter { $0.kind == UInt16(CRECORD_TASKSTATS.rawValue) }.compactMap { record in
            let bytes = record.bytes
            return try? TaskExit(decoding: bytes.span.bytes, readAt: record.time)
        }
    }

    var snapshots: [ProcessSnapshot] {
        raw.filter { $0.kind == UInt16(CRECORD_SNAPSHOT.rawValue) }.compactMap { record in
            let bytes = record.bytes
            return try? ProcessSnapshot(decoding: bytes.span.bytes, flags: record.flags)
        }
    }

    /// Takes what comes until `done`, or five seconds have passed.
    mutating func collect(_ consumer: inout RingConsumer, until done: (Records) -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(5)
        while Date() < deadline {
            var raw = raw
            _ = consumer.drain { header, payload in
                raw.append((header.kind, header.flags, header.time, payload.withUnsafeBytes { [UInt8]($0) }))
            }
            self.raw = raw
            if done(self) { return true }
            usleep(1_000)
        }
        return false
    }

    /// One record after the other: kind and flags (UInt16), length (UInt32), payload.
    var joined: [UInt8] {
        raw.flatMap { record -> [UInt8] in
            var bytes: [UInt8] = []
            withUnsafeBytes(of: record.kind) { bytes += $0 }
            withUnsafeBytes(of: record.flags) { bytes += $0 }
            withUnsafeBytes(of: UInt32(record.bytes.count)) { bytes += $0 }
            return bytes + record.bytes
        }
    }
}

@Suite("processes on the live kernel", .enabled(if: hasSystemAdmin()), .serialized)
struct ProcessLiveTests {
    private func makeRing() throws -> EventRing {
        try #require(EventRing(capacity: 1 << 20, wakeDescriptor: open("/dev/null", O_WRONLY)))
    }

    @Test("the connector tells of fork, exec and exit, with a snapshot of the new program")
    func tellsOfALife() throws {
        let ring = try makeRing()
        var consumer = ring.makeConsumer()
        let source = try ProcessConnectorSource(ring: ring)
        try source.start()
        let pid = shell("exec sleep 0.05")
        var records = Records()
        let done = records.collect(&consumer) { seen in
            seen.events.contains { event in
                guard event.pid == pid, case .exit = event.change else { return false }
                return true
            }
        }
        source.stop()
        #expect(done)
        let life = records.events.filter { $0.pid == pid }.map(\.change)
        #expect(records.events.contains { $0.change == .fork(child: pid) && $0.pid == getpid() })
        #expect(life.filter { $0 == .exec }.count == 2)
        #expect(life.last == .exit(status: 0))
        let times = records.events.map(\.time)
        #expect(times == times.sorted())
        let programs = records.snapshots.filter { $0.pid == pid }.compactMap(\.executable?.lastComponent)
        #expect(programs.contains("sleep"))
        #expect(
            records.snapshots.contains { $0.reason == .fork && $0.pid == getpid() && $0.loginUser != nil })
        try save(records, as: "connector")
    }

    @Test("taskstats names the executable by device and inode")
    func namesTheExecutable() throws {
        let ring = try makeRing()
        var consumer = ring.makeConsumer()
        let source = try TaskstatsSource(ring: ring)
        try source.start()
        let pid = shell("exec sleep 0.01")
        var records = Records()
        let done = records.collect(&consumer) { seen in seen.exits.contains { $0.pid == pid } }
        source.stop()
        #expect(done)
        var status = stat()
        #expect(stat("/usr/bin/sleep", &status) == 0)
        let exit = try #require(records.exits.first { $0.pid == pid })
        #expect(exit.executableInode == UInt64(status.st_ino))
        #expect(exit.executableDevice == UInt64(status.st_dev))
        #expect(exit.name == "sleep")
        #expect(exit.parentPid == getpid())
        #expect(exit.user == getuid())
        try save(records, as: "taskstats")
    }

    @Test("the process directory reads a process and lists it")
    func readsProcesses() throws {
        let directory = try ProcessDirectory()
        let own = try #require(directory.snapshot(getpid()))
        #expect(directory.pids().contains(getpid()))
        #expect(own.threadGroup == getpid())
        #expect(own.parentPid == getppid())
        #expect(own.credentials?.user == getuid())
        #expect(
            own.executable?.text
                == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
        #expect(own.arguments?.map(\.text) == CommandLine.arguments)
        #expect(own.startTicks ?? 0 > 0)
        #expect(directory.snapshot(4_194_303) == nil)
    }

    /// With `VEDETTE_RECORD_FIXTURES`, keeps the records for the decoder tests.
    private func save(_ records: Records, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["VEDETTE_RECORD_FIXTURES"] else { return }
        let file = URL(fileURLWithPath: "\(folder)/processes/\(name).bin")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(records.joined).write(to: file)
    }
}
