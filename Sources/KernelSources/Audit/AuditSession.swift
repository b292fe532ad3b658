internal import CAudit
internal import CProc
package import EventModel
package import EventRing
internal import Glibc

/// Our use of the kernel's audit: rules in, records out, and everything as it was afterwards.
///
/// A blocking backlog is never in force while we own audit: the wait time is zero before anything else is
/// changed. What was changed stands in a state file first, so that the next run undoes what a killed one left.
/// One thread owns it. Records in the ring: `CRECORD_AUDIT`, `CRECORD_OVERRUN`, `CRECORD_FAILED`.
package final class AuditSession {
    /// How records reach us.
    package enum Delivery: Equatable, Sendable {
        case daemon
        case multicast(owner: Int32)
    }

    private let control: AuditControl
    private let reader: NetlinkReader
    private let file: AuditStateFile
    private let ownPid = getpid()
    /// Held while the settings and rules in the kernel are ours; -1 when another instance has them.
    private let lock: Int32
    /// No attempt to become the daemon before this tick: whoever we made room for comes first.
    private var registerAfterTick = 0
    private var originals: AuditStateFile.Originals
    private var rules: [AuditRule] = []
    private var lastStatus: AuditStatus
    private var ticks = 0
    package private(set) var delivery: Delivery
    /// A rule keeps every new process out of the records.
    private var hidesNewProcesses = false
    /// Processes that ran when audit was switched on: the kernel records nothing of them.
    package private(set) var olderProcesses = 0
    private var failedLooks = 0
    /// Why the kernel's audit cannot be asked any more; `nil` while it answers.
    package private(set) var failure: KernelError?
    /// What has kept us from the whole since the start.
    private var shortfalls: [String] = []
    /// Messages that the kernel has dropped since the `tick` or `look` before the last.
    package private(set) var newlyLost: UInt32 = 0

    /// Opens audit as it is and starts to listen. Nothing is changed yet but the registered daemon, when nobody is.
    ///
    /// - Parameter statePath: where the original settings are kept while we run.
    /// - Throws: `KernelError` with `EPERM` without CAP_AUDIT_CONTROL and CAP_AUDIT_READ, `ECONNREFUSED` outside of
    ///   the initial namespaces, `EPROTONOSUPPORT` with `audit=0`.
    package init(ring: EventRing, statePath: String) throws(KernelError) {
        control = try AuditControl()
        lastStatus = try control.status()
        file = AuditStateFile(path: statePath)
        lock = file.lock()
        let current = AuditStateFile.Originals(
            enabled: lastStatus.enabled, backlogLimit: lastStatus.backlogLimit,
            backlogWaitTime: lastStatus.backlogWaitTime)
        originals = file.load() ?? current
        let socket = try check("socket(NETLINK_AUDIT)", caudit_open())
        reader = try NetlinkReader(ring: ring, socket: socket, kind: CRECORD_AUDIT)
        delivery = .multicast(owner: lastStatus.pid)
    }

    /// Takes the daemon's place or joins the group, loads rules for `watches`, switches audit on, starts the reader.
    ///
    /// - Parameters:
    ///   - running: the number of processes.
    ///   - hearsRefusals: whether attempts to connect to a socket that are not permitted are recorded.
    package func start(
        watches: [(path: ByteString, isDirectory: Bool)], running: Int = 0, hearsRefusals: Bool = false
    ) throws(KernelError) {
        if lastStatus.enabled == 0 { olderProcesses = running }
        let listed = (try? control.rules()) ?? []
        if lock < 0 {
            shortfalls = ["another vedette has its rules in the kernel: those serve us too, except for files"]
        } else if lastStatus.isImmutable {
            shortfalls = ["audit is locked until reboot (-e 2): no rules of ours"]
        } else {
            try file.save(originals)
            try control.set(.backlogWaitTime(0))
            try control.set(.backlogLimit(originals.raisedBacklogLimit))
        }
        hidesNewProcesses = listed.contains(where: \.hidesProcesses)
        if hidesNewProcesses {
            shortfalls.append(
                "a rule hides the processes born under it: auditctl -d never,task, then start all anew")
        }
        try connect()
        if ownsSettings {
            load(watches, hearsRefusals ? AuditRule.refusedConnects : [], beside: listed)
            try control.set(.enabled(1))
        }
        try reader.start(name: "audit")
        lastStatus = try control.status()
    }

    /// Removes what is ours and restores what was changed, as far as nobody else changed it since.
    package func stop() {
        if ownsSettings { removeRules() }
        if ownsSettings, let status = try? control.status(), !status.isImmutable {
            if originals.switchesOff(status, isHeldByAnother: isHeldByAnother(status)) {
                try? control.set(.enabled(0))
            }
            if status.pid == ownPid { release() }
            if status.backlogWaitTime == 0 { try? control.set(.backlogWaitTime(originals.backlogWaitTime)) }
            if status.backlogLimit == originals.raisedBacklogLimit {
                try? control.set(.backlogLimit(originals.backlogLimit))
            }
            file.remove()
        }
        reader.stop()
    }

    deinit { if lock >= 0 { close(lock) } }

    private var ownsSettings: Bool { lock >= 0 && !lastStatus.isImmutable }

    // MARK: Rules

    private func load(
        _ watches: [(path: ByteString, isDirectory: Bool)], _ more: [AuditRule], beside listed: [AuditRule]
    ) {
        // What a killed run left has its pid in it: gone with it.
        for rule in listed where rule.isOurs { try? control.delete(rule) }
        var refused: [String] = []
        var wanted = (AuditRule.execs + more).map { (rule: $0, isOptional: false) }
        for watch in watches where watch.path != "/" {
            wanted.append((.watch(watch.path, isDirectory: watch.isDirectory, ownPid: ownPid), false))
            wanted.append((.uring(watch.path, isDirectory: watch.isDirectory), true))
        }
        for item in wanted {
            do throws(KernelError) {
                try control.add(item.rule)
                rules.append(item.rule)
            } catch  where item.isOptional || error.errno == EEXIST {
                // Before Linux 5.16 there is no io_uring list.
            } catch {
                refused.append(error.description)
            }
        }
        if let first = refused.first { shortfalls.append("\(refused.count) rules refused: \(first)") }
    }

    private func removeRules() {
        for rule in (try? control.rules()) ?? [] where rule.isOurs { try? control.delete(rule) }
        rules.removeAll()
    }

    package var ruleCount: Int { rules.count }

    /// Why the records do not tell everything; `nil` when they do.
    package var degradation: String? {
        if lastStatus.enabled == 0 { return "somebody switched audit off (auditctl -e 0)" }
        return shortfalls.isEmpty ? nil : shortfalls.joined(separator: "; ")
    }

    /// Whether what our rules ask for is recorded: with audit switched off, silence says nothing.
    package var isRecording: Bool { !rules.isEmpty && lastStatus.enabled != 0 }

    private static let failedLooksLimit = 3

    /// Whether what a new process does under our rules must be recorded.
    package var recordsNewProcesses: Bool { isRecording && !hidesNewProcesses }

    /// Whether the kernel has records that it has not sent yet.
    package var hasBacklog: Bool { ((try? control.status())?.backlog ?? 0) > 0 }

    // MARK: Delivery

    private func connect() throws(KernelError) {
        if !ownsSettings || isHeldByAnother(lastStatus) || !register() {
            try joinMulticast(owner: lastStatus.pid)
        }
    }

    /// The kernel keeps the pid of a daemon that died until it notices.
    private func isHeldByAnother(_ status: AuditStatus) -> Bool {
        status.pid != 0 && status.pid != ownPid && (kill(status.pid, 0) == 0 || errno == EPERM)
    }

    /// Asks on the reader's own socket, because that is where the kernel then sends to.
    private func register() -> Bool {
        let payload = AuditStatus.Setting.pid(ownPid).payload
        let sent = payload.withUnsafeBytes {
            caudit_send(reader.socket, 1_001, 1, 0, $0.baseAddress, UInt32($0.count))
        }
        guard sent == 0, (try? control.status())?.pid == ownPid else { return false }
        _ = caudit_set_multicast(reader.socket, 0)
        delivery = .daemon
        return true
    }

    /// Any socket of the daemon's process will do, should the reader's be closed.
    private func release() { try? control.set(.pid(0)) }

    private func joinMulticast(owner: Int32) throws(KernelError) {
        _ = try check("NETLINK_ADD_MEMBERSHIP", caudit_set_multicast(reader.socket, 1)) { errno in
            errno == EPERM ? "needs CAP_AUDIT_READ" : ""
        }
        delivery = .multicast(owner: owner)
    }

    /// Somebody (auditd, as a rule) asked for the daemon's place: it is theirs at their next attempt.
    package func yield() {
        guard delivery == .daemon else { return }
        do throws(KernelError) {
            try joinMulticast(owner: 0)
            release()
            registerAfterTick = ticks + 60
        } catch {
            // Without the group we would hear nothing at all: keep the place.
            delivery = .daemon
        }
    }

    // MARK: Watching over it

    /// Once a second: notices losses, a change of owner, and audit switched off. Returns whether anything about
    /// coverage has changed.
    package func tick() -> Bool {
        ticks += 1
        return look(mayRegister: ticks % 5 == 0 && ticks > registerAfterTick)
    }

    /// The same, at once: somebody has changed audit's settings. Does not try to become the daemon: that is a
    /// change of settings too.
    package func look(mayRegister: Bool = false) -> Bool {
        let before = (delivery, degradation)
        newlyLost = 0
        let status: AuditStatus
        do throws(KernelError) {
            status = try control.status()
            failedLooks = 0
        } catch {
            // A busy kernel may be late once.
            failedLooks += 1
            if failedLooks >= AuditSession.failedLooksLimit { failure = error }
            return false
        }
        newlyLost = status.lost(since: lastStatus)
        if mayRegister, case .multicast = delivery, ownsSettings, !isHeldByAnother(status) {
            _ = register()
        } else if case .multicast(let owner) = delivery, owner != status.pid {
            delivery = .multicast(owner: status.pid)
        } else if delivery == .daemon, status.pid != ownPid {
            try? joinMulticast(owner: status.pid)
        }
        lastStatus = status
        return before != (delivery, degradation)
    }

    /// 2 real-time, 1 nice, 0 neither, -1 not yet running.
    package var priority: Int32 { reader.priority }
    /// Nothing waits on the socket.
    package var isIdle: Bool { reader.isIdle }
    package var records: UInt64 { reader.count(CPROC_READS) }
    package var overruns: UInt64 { reader.count(CPROC_OVERRUNS) }
    /// Messages on the socket that did not come from the kernel, dropped.
    package var forged: UInt64 { reader.count(CPROC_FORGED) }
}
