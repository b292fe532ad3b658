import EventModel
import KernelDecoding
import Testing

@testable import ProcessTable

/// Who did it, from streams of kernel records. Times are milliseconds on CLOCK_MONOTONIC.
@Suite struct ProcessTableTests {
    let table: ProcessTable

    init() {
        table = ProcessTable(bootOffset: 0, realtimeOffset: 0) { snapshot in
            snapshot.cgroup.map { _ in Attributed(.host, .snapshot, from: .procfs) } ?? .unknown
        }
        table.connectorIsLive = true
        table.taskstatsIsLive = true
        table.auditIsLive = true
        table.noteAuditDrained(upTo: ms(1_000_000))
        table.apply(snapshot(1, at: 0, executable: "/sbin/init", arguments: ["init"]))
        table.apply(snapshot(10, at: 0, executable: "/bin/bash", arguments: ["bash"], parent: 1))
        table.linkScanned()
    }

    private func ms(_ value: UInt64) -> UInt64 { value * 1_000_000 }

    private func snapshot(
        _ pid: Int32, at time: UInt64, executable: ByteString, arguments: [ByteString], parent: Int32 = 0,
        user: UInt32 = 0, login: UInt32 = .max, reason: ProcessSnapshot.Reason = .scan
    ) -> ProcessSnapshot {
        var result = ProcessSnapshot(
            pid: pid, reason: reason, begin: ms(time), end: ms(time) + 1_000, verified: true)
        result.executable = executable
        result.arguments = arguments
        result.parentPid = parent
        result.credentials = Credentials(user: user, effectiveUser: user, group: 0, effectiveGroup: 0)
        result.loginUser = LoginUser(kernelValue: login)
        result.startTicks = 1
        return result
    }

    private func event(
        _ pid: Int32, from: UInt64, to: UInt64, sequence: UInt64 = 0, alive: Bool = false
    ) -> Actor {
        let event = FileEvent(
            source: .fanotify, operations: .modified, path: "/w/f", isDirectory: false, pid: pid,
            wasAlive: alive,
            readAt: ms(to), notBefore: ms(from))
        return table.bind(event, sequence: sequence)
    }

    private func change(_ pid: Int32, _ change: ProcessEvent.Change, at time: UInt64) {
        table.apply(ProcessEvent(pid: pid, change: change, time: ms(time)))
    }

    @Test func aForkedWriterIsItsParentsProgram() {
        change(10, .fork(child: 20), at: 100)
        let who = table.describe(event(20, from: 100, to: 101)).process
        #expect(who.executable.value == "/bin/bash")
        #expect(who.executable.provenance == .inherited)
        #expect(who.credentials.value?.user == 0)
        #expect(who.loginUser.value == .unset)
        #expect(who.parentPid.value == 10)
    }

    @Test func whatIsHeardBeforeTheBirthBelongsToTheChild() {
        table.noteOpenedExecutable(pid: 20, path: "/bin/dash", inode: 7, sequence: 1, readAt: ms(102))
        let actor = event(20, from: 99, to: 103, sequence: 2)
        #expect(!table.isSettled(actor, wantsAudit: false))
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 101)
        table.apply(snapshot(20, at: 102, executable: "/bin/dash", arguments: ["sh"], parent: 10))
        let who = table.describe(actor).process
        #expect(who.executable.value == "/bin/dash" && who.parentPid.value == 10)
        #expect(who.credentials.value?.user == 0)
    }

    @Test func aSnapshotBeforeTheBirthIsTakenOver() {
        table.apply(snapshot(20, at: 102, executable: "/bin/dash", arguments: ["sh"], parent: 10))
        let actor = event(20, from: 101, to: 103)
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 101)
        let who = table.describe(actor).process
        #expect(who.executable.value == "/bin/dash" && who.arguments.value == ["sh"])
        #expect(who.parentPid.value == 10)
        #expect(table.process(10)?.image.executable.value == "/bin/bash")
    }

    @Test func ancestorsReachInit() {
        change(10, .fork(child: 20), at: 100)
        let ancestors = table.describe(event(20, from: 100, to: 101)).ancestors
        #expect(ancestors.map(\.pid) == [10, 1])
        #expect(ancestors.map(\.executable.value) == ["/bin/bash", "/sbin/init"])
    }

    @Test func changesBySiblingsShareTheirAncestors() {
        change(10, .fork(child: 20), at: 100)
        change(10, .fork(child: 30), at: 100)
        let first = table.describe(event(20, from: 100, to: 101)).ancestors
        let second = table.describe(event(30, from: 100, to: 102)).ancestors
        #expect(first.count == 2)
        #expect(
            first.withUnsafeBufferPointer(\.baseAddress) == second.withUnsafeBufferPointer(\.baseAddress))
    }

    @Test func sharedAncestorsAreNotChangedByWhatIsLearntLater() {
        change(10, .fork(child: 20), at: 100)
        let before = table.describe(event(20, from: 100, to: 101)).ancestors
        for pid: Int32 in 30..<60 {
            change(20, .fork(child: pid), at: 110)
            #expect(table.describe(event(pid, from: 110, to: 111)).ancestors.map(\.pid) == [20, 10, 1])
            change(20, .exec, at: 120)
        }
        #expect(before.map(\.executable.value) == ["/bin/bash", "/sbin/init"])
    }

    @Test func ancestryOutlivesTheParent() {
        change(10, .fork(child: 20), at: 100)
        change(20, .fork(child: 30), at: 101)
        change(20, .exit(status: 0), at: 102)
        table.expire(now: ms(120_000))
        #expect(table.process(20) == nil)
        #expect(table.describe(event(30, from: 119_000, to: 119_001)).ancestors.map(\.pid) == [20, 10, 1])
    }

    @Test func afterExecTheInheritedProgramIsNotClaimed() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 101)
        let who = table.describe(event(20, from: 102, to: 103)).process
        #expect(who.executable == .unknown)
        #expect(who.arguments == .unknown)
        #expect(who.credentials.value?.user == 0)
    }

    @Test func anExitRecordNamesTheExecutableThatFanotifySawOpened() {
        change(10, .fork(child: 20), at: 100)
        table.noteOpenedExecutable(pid: 20, path: "/w/script.sh", inode: 6, sequence: 1, readAt: ms(101))
        table.noteOpenedExecutable(pid: 20, path: "/bin/dash", inode: 7, sequence: 2, readAt: ms(101))
        table.noteOpenedExecutable(
            pid: 20, path: "/lib64/ld-linux-x86-64.so.2", inode: 8, sequence: 3, readAt: ms(101))
        change(20, .exec, at: 101)
        let actor = event(20, from: 100, to: 103, sequence: 4)
        #expect(!table.isSettled(actor, wantsAudit: false))
        table.apply(
            TaskExit(
                pid: 20, parentPid: 10, user: 0, group: 0, name: "dash", executableDevice: 1,
                executableInode: 7,
                readAt: ms(104)))
        #expect(table.isSettled(actor, wantsAudit: false))
        let who = table.describe(actor).process
        #expect(who.executable.value == "/bin/dash")
        #expect(who.executable.provenance == .postmortem)
    }

    @Test func anExecThatFailedIsNotTheProgram() {
        change(10, .fork(child: 20), at: 100)
        table.noteOpenedExecutable(pid: 20, path: "/w/no-interpreter", inode: 9, sequence: 1, readAt: ms(101))
        let who = table.describe(event(20, from: 101, to: 103, sequence: 2)).process
        #expect(who.executable.value == "/bin/bash")
    }

    @Test func theOrderOfTheQueueTellsBeforeExecFromAfter() {
        change(10, .fork(child: 20), at: 100)
        let before = UInt64(1)
        table.noteOpenedExecutable(pid: 20, path: "/bin/sleep", inode: 5, sequence: 2, readAt: ms(105))
        change(20, .exec, at: 103)
        table.apply(
            snapshot(20, at: 104, executable: "/bin/sleep", arguments: ["sleep"], parent: 10, reason: .exec))
        let early = table.describe(event(20, from: 99, to: 105, sequence: before)).process
        let late = table.describe(event(20, from: 99, to: 105, sequence: 3)).process
        #expect(early.executable.value == "/bin/bash")
        #expect(late.executable.value == "/bin/sleep")
    }

    @Test func aSnapshotReadAcrossAnExecCountsForNeitherProgram() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 101)
        var torn = snapshot(20, at: 102, executable: "/bin/a", arguments: ["a"], parent: 10, reason: .exec)
        torn.end = ms(106)
        table.apply(torn)
        change(20, .exec, at: 104)
        #expect(table.describe(event(20, from: 102, to: 103)).process.executable == .unknown)
        #expect(table.describe(event(20, from: 107, to: 108)).process.executable == .unknown)
    }

    @Test func aSnapshotReadAfterTheNextExecBelongsToIt() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 101)
        table.apply(snapshot(20, at: 106, executable: "/bin/b", arguments: ["b"], parent: 10, reason: .exec))
        change(20, .exec, at: 104)
        #expect(table.describe(event(20, from: 102, to: 103)).process.executable == .unknown)
        #expect(table.describe(event(20, from: 107, to: 108)).process.executable.value == "/bin/b")
    }

    @Test func aReusedPidIsNotTheOldProcess() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exit(status: 0), at: 110)
        change(1, .fork(child: 20), at: 120)
        #expect(table.describe(event(20, from: 101, to: 105)).process.executable.value == "/bin/bash")
        #expect(table.describe(event(20, from: 121, to: 125)).process.executable.value == "/sbin/init")
        #expect(table.describe(event(20, from: 105, to: 125)).process.executable == .unknown)
    }

    @Test func idsAreThoseOfTheMoment() {
        change(10, .fork(child: 20), at: 100)
        change(20, .user(real: 1_000, effective: 1_000), at: 110)
        #expect(table.describe(event(20, from: 101, to: 105)).process.credentials.value?.user == 0)
        #expect(table.describe(event(20, from: 111, to: 112)).process.credentials.value?.user == 1_000)
        let torn = event(20, from: 101, to: 112)
        #expect(table.describe(torn).process.credentials == .unknown)
        #expect(
            table.describe(torn, fileOwner: FileOwner(user: 1_000, group: 0)).process.credentials.value?.user
                == 1_000)
    }

    @Test func theLoginUserReadAtForkIsTheChilds() {
        change(10, .fork(child: 20), at: 100)
        var parent = ProcessSnapshot(pid: 10, reason: .fork, begin: ms(100), end: ms(101), verified: false)
        parent.loginUser = .user(1_000)
        table.apply(parent)
        let login = table.describe(event(20, from: 101, to: 102)).process.loginUser
        #expect(login.value == .user(1_000))
        #expect(login.provenance == .inherited)
    }

    @Test func withoutRecordsAPrivilegedChildsLoginUserIsNotClaimed() {
        table.auditIsLive = false
        change(10, .fork(child: 20), at: 100)
        #expect(table.describe(event(20, from: 101, to: 102)).process.loginUser == .unknown)
    }

    @Test func withoutRecordsAnOrdinaryChildKeepsTheLoginUserThatWasSet() {
        table.auditIsLive = false
        table.apply(
            snapshot(
                11, at: 1, executable: "/bin/sh", arguments: ["sh"], parent: 1, user: 1_000, login: 1_000))
        change(11, .fork(child: 20), at: 100)
        let login = table.describe(event(20, from: 101, to: 102)).process.loginUser
        #expect(login == Attributed(.user(1_000), .inherited, from: .procfs))
    }

    @Test func aLoginUserThatWasSetWhileNobodyLookedIsNotClaimedForTheTimeBetween() {
        table.auditIsLive = false
        change(10, .fork(child: 20), at: 100)
        table.apply(snapshot(20, at: 101, executable: "/bin/bash", arguments: ["bash"], parent: 10))
        table.apply(
            snapshot(20, at: 120, executable: "/bin/bash", arguments: ["bash"], parent: 10, login: 1_000))
        #expect(table.describe(event(20, from: 100, to: 101)).process.loginUser.value == .unset)
        #expect(table.describe(event(20, from: 105, to: 106)).process.loginUser == .unknown)
        #expect(table.describe(event(20, from: 121, to: 122)).process.loginUser.value == .user(1_000))
    }

    @Test func aFurtherThreadThatExecutesKeepsTheProcessAlive() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exit(status: 0), at: 101)
        change(20, .exec, at: 102)
        table.apply(snapshot(20, at: 103, executable: "/bin/b", arguments: ["b"], parent: 10, reason: .exec))
        let who = table.describe(event(20, from: 104, to: 105))
        #expect(who.process.executable.value == "/bin/b")
        #expect(who.ancestors.map(\.pid) == [10, 1])
    }

    /// A record of `pid` opening `/w/f`.
    private func opening(
        _ pid: Int32, serial: UInt32, stamped: UInt64, readAt: UInt64, executable: ByteString,
        user: UInt32 = 0
    ) -> AuditFacts {
        var facts = AuditFacts(serial: serial, milliseconds: stamped, readAt: ms(readAt), pid: pid)
        facts.success = true
        facts.executable = executable
        facts.name = executable.lastComponent
        facts.credentials = Credentials(user: user, effectiveUser: user, group: user, effectiveGroup: user)
        facts.loginUser = .user(1_000)
        facts.paths = [AuditPath(name: "/w/f", nameType: .created)]
        return facts
    }

    private func execution(
        _ pid: Int32, serial: UInt32, stamped: UInt64, readAt: UInt64, executable: ByteString
    ) -> AuditFacts {
        var facts = opening(pid, serial: serial, stamped: stamped, readAt: readAt, executable: executable)
        facts.arguments = [executable.lastComponent]
        return facts
    }

    @Test func whatAShellOpenedAndItsProgramWroteIsTheProgramsChange() {
        change(10, .fork(child: 20), at: 100)
        let opened = opening(20, serial: 5, stamped: 100, readAt: 103, executable: "/bin/bash")
        change(20, .exec, at: 102)
        table.apply(opened)
        table.apply(execution(20, serial: 6, stamped: 101, readAt: 104, executable: "/bin/date"))
        let actor = event(20, from: 103, to: 105)
        table.join(actor, opened)
        let who = table.describe(actor).process
        #expect(who.executable.value == "/bin/date" && who.name.value == "date")
        #expect(who.arguments.value == ["date"])
        // The shell's own event.
        let earlier = event(20, from: 100, to: 101)
        table.join(earlier, opened)
        #expect(table.describe(earlier).process.executable.value == "/bin/bash")
        #expect(table.describe(earlier).process.arguments.value == ["bash"])
    }

    @Test func aRecordOfTheNextProgramIsNotOfThisOnesChange() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 102)
        table.apply(execution(20, serial: 6, stamped: 101, readAt: 104, executable: "/bin/date"))
        let actor = event(20, from: 100, to: 101)
        table.join(actor, opening(20, serial: 7, stamped: 103, readAt: 105, executable: "/bin/date"))
        #expect(table.describe(actor).process.executable.value == "/bin/bash")
    }

    @Test func whatWasOpenedAsRootIsWrittenByWhoTheProcessBecame() {
        change(10, .fork(child: 20), at: 100)
        let opened = opening(20, serial: 5, stamped: 101, readAt: 102, executable: "/bin/bash")
        table.apply(opened)
        change(20, .user(real: 33, effective: 33), at: 110)
        let actor = event(20, from: 120, to: 121)
        table.join(actor, opened)
        #expect(table.describe(actor).process.credentials.value?.user == 33)
        // In the same moment nobody can tell.
        let between = event(20, from: 105, to: 121)
        table.join(between, opened)
        #expect(table.describe(between).process.credentials == .unknown)
    }

    @Test func whoTheProcessBecameJustBeforeIsInTheRecord() {
        change(10, .fork(child: 20), at: 100)
        change(20, .group(real: 33, effective: 33), at: 101)
        change(20, .user(real: 33, effective: 33), at: 101)
        let opened = opening(20, serial: 5, stamped: 101, readAt: 103, executable: "/bin/bash", user: 33)
        table.apply(opened)
        let actor = event(20, from: 100, to: 103)
        table.join(actor, opened)
        let who = table.describe(actor).process.credentials
        #expect(who.value?.user == 33 && who.provenance == .exact)
    }

    @Test func aSiblingsChildIsNotTheNamedParentsProgram() {
        // CLONE_PARENT: the connector names the grandparent.
        change(10, .exec, at: 50)
        table.apply(execution(10, serial: 1, stamped: 50, readAt: 52, executable: "/bin/bash"))
        change(10, .fork(child: 20), at: 100)
        let opened = opening(20, serial: 5, stamped: 200, readAt: 203, executable: "/usr/sbin/runc")
        table.apply(opened)
        let actor = event(20, from: 201, to: 202)
        table.join(actor, opened)
        let who = table.describe(actor).process
        #expect(who.executable.value == "/usr/sbin/runc")
        #expect(who.arguments == .unknown)
        #expect(table.process(10)?.image.executable.value == "/bin/bash")
    }

    @Test func idsThatChangedBeforeTheyWereKnownAreNotDatedBack() {
        change(40, .user(real: 33, effective: 33), at: 100)
        table.apply(
            snapshot(40, at: 110, executable: "/bin/d", arguments: ["d"], user: 33, reason: .firstEvent))
        #expect(table.describe(event(40, from: 90, to: 95)).process.credentials == .unknown)
        #expect(table.describe(event(40, from: 120, to: 121)).process.credentials.value?.user == 33)
    }

    @Test func aScanAfterALossEndsTheProcessWhosePidWasGivenToAnother() {
        change(10, .fork(child: 20), at: 100)
        var found = snapshot(20, at: 90_000, executable: "/bin/other", arguments: ["other"], parent: 1)
        found.startTicks = 8_000
        table.apply(found)
        let who = table.describe(event(20, from: 90_001, to: 90_002))
        #expect(who.process.executable.value == "/bin/other" && who.process.parentPid.value == 1)
        #expect(who.process.start == 80_000_000_000)
        #expect(table.describe(event(20, from: 150, to: 160)).process.executable.value == "/bin/bash")
    }

    @Test func withoutTheConnectorALookTellsThatAPidWasGivenToAnother() {
        table.connectorIsLive = false
        table.apply(snapshot(30, at: 100, executable: "/bin/a", arguments: ["a"], parent: 10))
        table.reconcile(alive: [1, 10, 30], at: ms(200))
        var next = snapshot(
            30, at: 90_000, executable: "/bin/a", arguments: ["b"], parent: 1, reason: .firstEvent)
        next.startTicks = 8_000
        table.apply(next)
        let who = table.describe(event(30, from: 90_001, to: 90_002)).process
        #expect(who.arguments.value == ["b"] && who.parentPid.value == 1)
        let count = table.count
        table.reconcile(alive: [1, 10], at: ms(91_000))
        table.expire(now: ms(300_000))
        #expect(table.count == count - 1)
    }

    @Test func aScanAfterALossFindsTheExecThatNobodyToldOf() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 102)
        table.apply(execution(20, serial: 6, stamped: 101, readAt: 104, executable: "/bin/a"))
        var found = snapshot(20, at: 500, executable: "/bin/b", arguments: ["b"], parent: 10)
        found.startTicks = 10
        table.apply(found)
        let who = table.describe(event(20, from: 600, to: 601)).process
        #expect(who.executable.value == "/bin/b" && who.arguments.value == ["b"])
    }

    @Test func anExecutableOpenThatIsReadAfterTheEndBelongsToTheDeadProcess() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 102)
        change(20, .exit(status: 0), at: 105)
        table.apply(
            TaskExit(
                pid: 20, parentPid: 10, user: 0, group: 0, name: "b", executableDevice: 1, executableInode: 7,
                readAt: ms(105)))
        table.noteOpenedExecutable(
            pid: 20, path: "/bin/b", inode: 7, sequence: 1, notBefore: ms(99), readAt: ms(108))
        let who = table.describe(event(20, from: 99, to: 108, sequence: 2))
        #expect(who.process.parentPid.value == 10)
        #expect(who.process.credentials.value?.user == 0)
        #expect(who.process.executable.value == "/bin/b")
    }

    @Test func theFirstThreadsEndMayBeHeardAfterTheExecOfAnother() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 102)
        change(20, .exit(status: 0), at: 101)
        table.apply(snapshot(20, at: 103, executable: "/bin/b", arguments: ["b"], parent: 10, reason: .exec))
        change(20, .exit(status: 0), at: 106)
        table.apply(
            TaskExit(
                pid: 20, parentPid: 10, user: 0, group: 0, name: "b", executableDevice: 0, executableInode: 0,
                readAt: ms(107)))
        #expect(table.describe(event(20, from: 104, to: 105)).process.executable.value == "/bin/b")
        #expect(table.describe(event(20, from: 110, to: 111)).process.executable == .unknown)
    }

    @Test func theFirstThreadsEndIsNotTheProcesss() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exit(status: 0), at: 101)
        #expect(table.describe(event(20, from: 110, to: 111)).process.executable.value == "/bin/bash")
        table.apply(
            TaskExit(
                pid: 20, parentPid: 10, user: 0, group: 0, name: "bash", executableDevice: 0,
                executableInode: 0,
                readAt: ms(112)))
        #expect(table.describe(event(20, from: 120, to: 121)).process.executable == .unknown)
    }

    @Test func auditsExecRecordIsExact() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 103)
        var facts = AuditFacts(serial: 1, milliseconds: 100, readAt: ms(105), pid: 20)
        facts.success = true
        facts.executable = "/usr/bin/tee"
        facts.arguments = ["tee", "f"]
        facts.loginUser = .user(1_000)
        table.apply(facts)
        let who = table.describe(event(20, from: 106, to: 107)).process
        #expect(who.executable == Attributed("/usr/bin/tee", .exact, from: .audit))
        #expect(who.arguments == Attributed(["tee", "f"], .exact, from: .audit))
        #expect(who.loginUser == Attributed(.user(1_000), .exact, from: .audit))
        #expect(table.process(10)?.image.executable.value == "/bin/bash")
    }

    @Test func aRecordWithoutLoginUserGetsTheOneOfTheLastLoginInTheStream() {
        table.auditIsLive = true
        change(10, .fork(child: 20), at: 100)
        var ring = AuditFacts(serial: 2, milliseconds: 100, readAt: ms(106), pid: 20)
        ring.isUring = true
        // What it has from its parent is known as that, not from audit.
        #expect(table.apply(ring).loginUser == nil)
        var login = AuditLogin(
            id: AuditRecordID(milliseconds: 100, serial: 3), pid: 20, readAt: ms(110))
        login.user = .user(1_000)
        table.apply(login)
        #expect(table.apply(ring).loginUser == .user(1_000))
    }

    @Test func anEventAroundALoginIsNotGivenEitherLoginUser() {
        table.auditIsLive = true
        change(10, .fork(child: 20), at: 50)
        var login = AuditLogin(
            id: AuditRecordID(milliseconds: 100, serial: 3), pid: 20, readAt: ms(110))
        login.user = .user(1_000)
        table.apply(login)
        func user(_ from: UInt64, _ to: UInt64) -> LoginUser? {
            table.describe(event(20, from: from, to: to)).process.loginUser.value
        }
        #expect(user(60, 70) == .unset)
        #expect(user(90, 105) == nil)
        #expect(user(105, 106) == nil)
        #expect(user(111, 112) == .user(1_000))
    }

    @Test func aLoginThatAuditHasNotToldYetIsNotClaimedNotToHaveBeen() {
        let early = ProcessTable(bootOffset: 0, realtimeOffset: 0) { _ in .unknown }
        early.auditIsLive = true
        early.apply(snapshot(10, at: 0, executable: "/bin/bash", arguments: ["bash"], parent: 1))
        early.apply(ProcessEvent(pid: 10, change: .fork(child: 20), time: ms(100)))
        let change = FileEvent(
            source: .fanotify, operations: .modified, path: "/w/f", isDirectory: false, pid: 20,
            readAt: ms(102), notBefore: ms(101))
        let actor = early.bind(change, sequence: 0)
        #expect(early.describe(actor).process.loginUser == .unknown)
        early.noteAuditDrained(upTo: ms(200))
        #expect(early.describe(actor).process.loginUser.value == .unset)
    }

    @Test func aRecordedLoginUserIsNotClaimedForWhatCameBefore() {
        table.auditIsLive = false
        change(10, .fork(child: 20), at: 100)
        let actor = event(20, from: 101, to: 102)
        // The record of the very call that set it is stamped by a coarse clock, at the beginning of the call.
        var facts = AuditFacts(serial: 1, milliseconds: 103, readAt: ms(105), pid: 20)
        facts.loginUser = .user(1_000)
        table.apply(facts)
        #expect(table.describe(actor).process.loginUser == .unknown)
    }

    @Test func anExecUnderWayIsNotTheParentsProgram() {
        change(10, .fork(child: 20), at: 100)
        // Read after the new program was mapped, before its event was sent.
        table.apply(snapshot(20, at: 102, executable: "/bin/tee", arguments: ["tee", "f"], parent: 10))
        #expect(table.process(10)?.image.arguments.value == ["bash"])
        let before = table.describe(event(20, from: 100, to: 101)).process
        #expect(before.executable.value == "/bin/bash" && before.arguments.value == ["bash"])
        change(20, .exec, at: 103)
        #expect(table.process(10)?.image.executable.value == "/bin/bash")
    }

    @Test func aLateSnapshotOfAnExecUnderWayIsNotTheParentsProgram() {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 103)
        table.apply(snapshot(20, at: 102, executable: "/bin/tee", arguments: [], parent: 10))
        #expect(table.process(10)?.image.executable.value == "/bin/bash")
        #expect(table.describe(event(20, from: 100, to: 101)).process.executable.value == "/bin/bash")
    }

    @Test(arguments: [("/bin/b", nil), ("/bin/c", "/bin/b")] as [(ByteString, ByteString?)])
    func aSnapshotJustBeforeAnExecCountsWhenItDiffersFromWhatWasExecuted(
        _ next: ByteString, _ expected: ByteString?
    ) {
        change(10, .fork(child: 20), at: 100)
        change(20, .exec, at: 101)
        table.apply(snapshot(20, at: 103, executable: "/bin/b", arguments: ["b"], parent: 10, reason: .exec))
        change(20, .exec, at: 104)
        let actor = event(20, from: 102, to: 103)
        #expect(table.describe(actor).process.executable == .unknown)
        table.apply(snapshot(20, at: 105, executable: next, arguments: ["x"], parent: 10, reason: .exec))
        #expect(table.describe(actor).process.executable.value == expected)
    }

    @Test func aForkStormStaysWithinItsBound() {
        var limits = ProcessTable.Limits()
        limits.deadProcesses = 100
        let small = ProcessTable(limits: limits, bootOffset: 0, realtimeOffset: 0) { _ in .unknown }
        for index in 0..<10_000 {
            let child = Int32(100 + index % 30_000)
            let time = UInt64(index) * 1_000
            small.apply(ProcessEvent(pid: 1, change: .fork(child: child), time: time))
            small.apply(ProcessEvent(pid: child, change: .exit(status: 0), time: time + 10))
        }
        #expect(small.count <= 102)
        #expect(small.evictedEarly == 9_900)
    }

    @Test func theLongestDeadLoseTheirLongArgumentsFirst() {
        let long: [ByteString] = ["cc", ByteString([UInt8](repeating: 97, count: 10_000))]
        for pid: Int32 in 20..<148 {
            change(10, .fork(child: pid), at: 100)
            change(pid, .exec, at: 101)
            let arguments = pid.isMultiple(of: 2) ? long : ["true"]
            table.apply(
                snapshot(pid, at: 102, executable: "/bin/cc", arguments: arguments, parent: 10, reason: .exec)
            )
        }
        for pid: Int32 in 22..<148 { change(pid, .exit(status: 0), at: 200) }
        change(20, .fork(child: 148), at: 201)
        change(148, .exit(status: 0), at: 202)
        change(21, .exit(status: 0), at: 203)
        func arguments(_ pid: Int32) -> [ByteString]? { table.process(pid)?.image.arguments.value }
        #expect(arguments(22) == nil)
        #expect(arguments(23) == ["true"])
        #expect(arguments(146) == long)
        #expect(arguments(20) == long)
    }

    @Test func aListOfArgumentsBeyondTheLimitIsUnknown() {
        let half = ByteString([UInt8](repeating: 97, count: ArgumentList.limit / 2 - 1))
        #expect(ArgumentList([half, half])?.arguments == [half, half])
        #expect(ArgumentList([half, half, ""]) == nil)
        #expect(ArgumentList(["", "a", ""])?.arguments == ["", "a", ""])
    }

    @Test func aChainOfAHundredThousandForksIsReleasedWithoutOverflow() {
        let chain = ProcessTable(bootOffset: 0, realtimeOffset: 0) { _ in .unknown }
        for index in 0..<100_000 {
            let time = UInt64(index) * 1_000
            let parent = Int32(index % 30_000 + 1)
            chain.apply(ProcessEvent(pid: parent, change: .fork(child: parent % 30_000 + 1), time: time))
            chain.apply(ProcessEvent(pid: parent, change: .exit(status: 0), time: time + 10))
        }
        let last = Int32(100_000 % 30_000 + 1)
        let ancestors = chain.process(last)?.lineage?.identities().count ?? 0
        #expect((Lineage.maximumDepth / 2...Lineage.maximumDepth + 1).contains(ancestors))
    }
}
