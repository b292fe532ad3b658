import EventModel
import EventRing
import Foundation
import Testing

@testable import KernelSources

/// Whether audit can be controlled here; says so when not.
private func canControlAudit() -> Bool {
    guard hasSystemAdmin() else { return false }
    do throws(KernelError) {
        let status = try AuditControl().status()
        if status.isImmutable { print("SKIPPED: audit is locked until reboot") }
        return !status.isImmutable
    } catch {
        print("SKIPPED: \(error)")
        return false
    }
}

/// Audit is global: one user at a time, in whatever process.
private func withAuditLock(_ body: () throws -> Void) throws {
    let descriptor = open("/tmp/vedette-live.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    #expect(descriptor >= 0)
    #expect(flock(descriptor, LOCK_EX) == 0)
    defer { close(descriptor) }
    try body()
}

@Suite("audit on the live kernel", .enabled(if: canControlAudit()), .serialized)
struct AuditSessionTests {
    private let scratch = Scratch("audit")
    private var statePath: String { scratch("audit.state") }

    private func makeSession() throws -> AuditSession {
        let ring = try #require(EventRing(capacity: 1 << 20, wakeDescriptor: open("/dev/null", O_WRONLY)))
        return try AuditSession(ring: ring, statePath: statePath)
    }

    private struct Picture: Equatable {
        var enabled: UInt32
        var pid: Int32
        var backlogLimit: UInt32
        var backlogWaitTime: UInt32
        var failure: UInt32
        var rateLimit: UInt32
        var rules: Set<AuditRule>

        init() throws {
            let control = try AuditControl()
            let status = try control.status()
            (enabled, pid, backlogLimit) = (status.enabled, status.pid, status.backlogLimit)
            (backlogWaitTime, failure, rateLimit) = (status.backlogWaitTime, status.failure, status.rateLimit)
            rules = Set(try control.rules())
        }
    }

    @Test("a session leaves audit as it found it")
    func leavesNoTrace() throws {
        try withAuditLock {
            let before = try Picture()
            let session = try makeSession()
            try session.start(watches: [(scratch.bytes(""), true)])
            let during = try Picture()
            session.stop()
            #expect(during.backlogWaitTime == 0)
            #expect(during.backlogLimit >= 8_192)
            #expect(during.enabled == 1)
            #expect(during.pid == getpid())
            #expect(during.rules.filter(\.isOurs).count >= 3)
            #expect(try Picture() == before)
            #expect(!FileManager.default.fileExists(atPath: statePath))
        }
    }

    @Test("what a killed run left is undone by the next start and stop")
    func undoesAKilledRun() throws {
        try withAuditLock {
            let before = try Picture()
            var killed: AuditSession? = try makeSession()
            try killed?.start(watches: [(scratch.bytes(""), true)])
            // Going away without `stop` closes the socket, as a kill does.
            killed = nil
            #expect(try Picture().rules.contains(where: \.isOurs))
            let next = try makeSession()
            try next.start(watches: [])
            #expect(next.delivery == .daemon)
            next.stop()
            #expect(try Picture() == before)
        }
    }

    @Test("nothing counts as recorded while somebody has switched audit off")
    func noticesTheSwitch() throws {
        try withAuditLock {
            let before = try Picture()
            let session = try makeSession()
            try session.start(watches: [])
            #expect(session.isRecording)
            let degradation = session.degradation
            let control = try AuditControl()
            try control.set(.enabled(0))
            #expect(session.look())
            #expect(!session.isRecording)
            #expect(session.degradation?.contains("auditctl -e 0") == true)
            try control.set(.enabled(1))
            #expect(session.tick())
            #expect(session.isRecording)
            #expect(session.degradation == degradation)
            session.stop()
            #expect(try Picture() == before)
        }
    }

    @Test("a second session leaves the first one's rules alone")
    func sharesWithAnother() throws {
        try withAuditLock {
            let before = try Picture()
            let first = try makeSession()
            try first.start(watches: [(scratch.bytes(""), true)])
            let during = try Picture()
            let second = try makeSession()
            try second.start(watches: [])
            #expect(second.delivery == .multicast(owner: getpid()))
            #expect(second.degradation != nil)
            second.stop()
            #expect(try Picture() == during)
            first.stop()
            #expect(try Picture() == before)
        }
    }

    @Test("somebody else's rules and settings survive")
    func leavesForeignRulesAlone() throws {
        try withAuditLock {
            guard shell("command -v auditctl >/dev/null || { echo SKIPPED: no auditctl; exit 0; }") > 0,
                FileManager.default.isExecutableFile(atPath: "/usr/sbin/auditctl")
            else { return }
            shell("auditctl -a always,exit -S sethostname -F key=foreign >/dev/null 2>&1")
            defer { shell("auditctl -d always,exit -S sethostname -F key=foreign >/dev/null 2>&1") }
            let before = try Picture()
            let session = try makeSession()
            try session.start(watches: [(scratch.bytes(""), true)])
            #expect(try Picture().rules.isSuperset(of: before.rules))
            session.stop()
            #expect(try Picture() == before)
        }
    }
}
