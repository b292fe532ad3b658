internal import EventModel
internal import Testing

@testable internal import KernelDecoding

/// Feeds netlink payloads to a stream decoder and keeps what comes out.
struct AuditStreamHarness: ~Copyable {
    var decoder: AuditStreamDecoder
    var events: [AuditStreamEvent] = []
    var now: UInt64 = 1_000_000_000

    init(ignoredPid: Int32? = nil) { decoder = AuditStreamDecoder(ignoredPid: ignoredPid) }

    mutating func feed(_ type: UInt16, _ payload: String) {
        let bytes = Array(payload.utf8)
        now += 1000
        var seen: [AuditStreamEvent] = []
        decoder.feed(type: type, payload: bytes.span, readAt: now) { seen.append($0) }
        events += seen
    }

    mutating func expire(after nanoseconds: UInt64) {
        now += nanoseconds
        var seen: [AuditStreamEvent] = []
        decoder.expire(now: now) { seen.append($0) }
        events += seen
    }

    var facts: [AuditFacts] {
        events.compactMap { if case .facts(let facts) = $0 { facts } else { nil } }
    }
}

@Suite("Audit stream")
struct AuditStreamTests {
    private static let syscall = """
        arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=0 items=2 ppid=10 pid=11 \
        auid=4294967295 \
        uid=0 gid=1 euid=2 suid=0 fsuid=0 egid=3 sgid=0 fsgid=0 tty=pts0 ses=4294967295 comm="sh" \
        exe="/usr/bin/dash" subj=unconfined key=70726F62650173656375
        """

    private func feedExec(_ harness: inout AuditStreamHarness, serial: Int) {
        let id = "audit(1795528725.369:\(serial)): "
        harness.feed(1300, id + Self.syscall)
        harness.feed(1309, id + "argc=3 a0=\"sh\" a1=\"-c\" a2=6563686F2078203E2066")
        harness.feed(1307, id + "cwd=\"/tmp\"")
        harness.feed(
            1302, id + "item=0 name=\"/bin/sh\" inode=12 dev=fe:0a mode=0100755 ouid=0 nametype=NORMAL")
        harness.feed(1302, id + "item=1 name=(null) inode=13 dev=fe:00 mode=0100755 nametype=NORMAL")
        harness.feed(1327, id + "proctitle=7368002D63006563686F2078")
        harness.feed(1320, id)
    }

    @Test func factsOfAConnectSayWhereTo() {
        var harness = AuditStreamHarness()
        let id = "audit(1795528725.369:8): "
        harness.feed(
            1300,
            id
                + Self.syscall.replacing(
                    "syscall=59 success=yes exit=0", with: "syscall=42 success=no exit=-13"))
        harness.feed(1306, id + "saddr=01002F72756E2F7600")
        harness.feed(1320, id)
        #expect(harness.facts.first?.socketPath == "/run/v" && harness.facts.first?.exitValue == -13)
    }

    @Test func factsOfAnExecSayWhoAndWhat() {
        var harness = AuditStreamHarness()
        feedExec(&harness, serial: 7)
        let facts = harness.facts
        #expect(facts.count == 1 && harness.events.count == 1)
        guard let fact = facts.first else { return }
        #expect(fact.serial == 7 && fact.milliseconds == 1_795_528_725_369 && fact.readAt == harness.now)
        #expect(fact.architecture == 0xc000_003e && fact.syscall == 59 && fact.success == true)
        #expect(
            fact.pid == 11 && fact.parentPid == 10 && fact.loginUser == .unset && fact.loginSession == .unset)
        #expect(
            fact.credentials == Credentials(user: 0, effectiveUser: 2, group: 1, effectiveGroup: 3))
        #expect(fact.name == "sh" && fact.executable == "/usr/bin/dash" && fact.workingDirectory == "/tmp")
        #expect(fact.terminal == "pts0" && fact.keys == ["probe", "secu"] && !fact.isIncomplete)
        #expect(fact.arguments == ["sh", "-c", "echo x > f"])
        #expect(fact.paths.map(\.inode) == [12, 13] && fact.paths.map(\.deviceMinor) == [10, 0])
        #expect(fact.paths.map(\.mode) == [0o100755, 0o100755] && fact.paths[0].name == "/bin/sh")
    }

    @Test func interleavedEventsAreKeptApart() {
        var harness = AuditStreamHarness()
        for serial in 1...3 { harness.feed(1300, "audit(1.0:\(serial)): pid=\(serial) items=1") }
        for serial in [2, 3, 1] { harness.feed(1302, "audit(1.0:\(serial)): name=\"/\(serial)\"") }
        for serial in [3, 1, 2] { harness.feed(1320, "audit(1.0:\(serial)): ") }
        #expect(harness.facts.map(\.pid) == [3, 1, 2])
        #expect(harness.facts.map { $0.paths.map(\.name) } == [["/3"], ["/1"], ["/2"]])
    }

    @Test func anEventWithoutEndIsGivenUpAndSaysSo() {
        var harness = AuditStreamHarness()
        harness.feed(1300, "audit(1.0:1): pid=5")
        harness.expire(after: 1_900_000_000)
        #expect(harness.events.isEmpty)
        harness.expire(after: 200_000_000)
        #expect(harness.facts.map(\.isIncomplete) == [true])
    }

    @Test func ownEventsAreDropped() {
        var harness = AuditStreamHarness(ignoredPid: 11)
        feedExec(&harness, serial: 1)
        #expect(harness.events.isEmpty && harness.decoder.ignored == 1)
    }

    @Test func missingSerialsAreOneRange() {
        var harness = AuditStreamHarness()
        feedExec(&harness, serial: 10)
        feedExec(&harness, serial: 15)
        harness.expire(after: 5)
        let lost = harness.events.compactMap { if case .lost(let loss) = $0 { loss } else { nil } }
        #expect(lost == [AuditLoss(first: 11, last: 14)])
    }

    @Test func aLoginIsToldAtOnceInBothShapes() {
        var harness = AuditStreamHarness()
        harness.feed(
            1006,
            "audit(1.0:1): pid=7 uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=2 res=1"
        )
        harness.feed(
            1006,
            "audit(1.0:2): login pid=8 uid=0 old auid=4294967295 new auid=5 old ses=4294967295 new ses=3")
        let logins = harness.events.compactMap { if case .login(let login) = $0 { login } else { nil } }
        #expect(logins.map(\.pid) == [7, 8] && logins.map(\.user) == [.user(1000), .user(5)])
        #expect(logins.map(\.oldUser) == [.unset, .unset])
        #expect(logins.map(\.session) == [.session(2), .session(3)] && logins.map(\.success) == [true, nil])
    }

    @Test func configurationChangesNameOperationKeyAndSetting() {
        var harness = AuditStreamHarness()
        harness.feed(
            1305, "audit(1.0:1): auid=4294967295 ses=4294967295 op=add_rule key=\"probe\" list=4 res=1")
        harness.feed(1305, "audit(1.0:2): op=set audit_enabled=1 old=0 auid=7 ses=1 res=1")
        harness.expire(after: 3_000_000_000)
        let changes = harness.events.compactMap {
            if case .configurationChange(let change) = $0 { change } else { nil }
        }
        #expect(changes.map(\.operation) == ["add_rule", "set"] && changes.map(\.key) == ["probe", nil])
        #expect(changes.map(\.setting) == [nil, "audit_enabled"] && changes.map(\.value) == [nil, 1])
        #expect(changes.map(\.oldValue) == [nil, 0] && changes.map(\.success) == [true, true])
    }

    @Test func anotherDaemonIsNoticed() {
        var decoder = AuditStreamDecoder(ignoredPid: nil)
        var pids: [Int32] = []
        for payload in [[0x39, 0x30, 0, 0], [1, 2]] as [[UInt8]] {
            decoder.feed(type: 1329, payload: payload.span, readAt: 1) {
                if case .daemonReplace(let pid) = $0 { pids.append(pid) }
            }
        }
        #expect(pids == [12345] && decoder.malformed == 1)
    }
}
