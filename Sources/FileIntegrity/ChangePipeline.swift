package import EventModel
package import KernelDecoding
package import ProcessTable

/// From decoded records to finished changes: process table, coalescing, the join of what with who.
///
/// Deterministic: it reads no clock and no descriptor; the disk and `/proc` are asked through closures. Feed it in
/// this order for each batch: process events, executable opens, task exits, audit facts, file events, `advance`.
/// One thread owns it.
package final class ChangePipeline<Inspector: FileInspector> {
    package let table: ProcessTable
    private var coalescer: ChangeCoalescer<Inspector>
    private var auditIndex: AuditIndex
    private var outbox = Outbox()
    /// Reads `/proc/PID` now, or `nil` when the process is gone.
    private let look: (Int32) -> ProcessSnapshot?
    private let deliver: (FileChange) -> Void
    /// Hears of each path that something came to and left again, of which other changes tell.
    package var pathWasUsed: (ByteString) -> Void = { _ in }

    /// Whether audit records arrive: then login user and arguments are worth waiting for.
    package var auditIsLive: Bool {
        get { table.auditIsLive }
        set { table.auditIsLive = newValue }
    }
    /// Whether finished changes wait for their who.
    package var isWaiting: Bool { !outbox.isEmpty }

    /// Whether audit records wait in the kernel.
    package var auditHasBacklog: () -> Bool = { false }

    /// Nanoseconds that a change waits for its who: for the exit record of a dead process, or for audit.
    package var patience: UInt64 { auditIsLive ? 100_000_000 : 40_000_000 }
    /// Nanoseconds that it waits when what tells its who is known to be late.
    package static var greatestPatience: UInt64 { 2_000_000_000 }

    package init(
        table: ProcessTable, coalescer: ChangeCoalescer<Inspector>,
        look: @escaping (Int32) -> ProcessSnapshot?,
        deliver: @escaping (FileChange) -> Void
    ) {
        self.table = table
        self.coalescer = coalescer
        auditIndex = AuditIndex(settleWindow: coalescer.settleWindow)
        self.look = look
        self.deliver = deliver
    }

    /// CLOCK_REALTIME minus CLOCK_MONOTONIC, renewed when the clock is set.
    package func setRealtimeOffset(_ offset: UInt64) {
        table.realtimeOffset = offset
        coalescer.realtimeOffset = offset
    }

    package func note(_ event: ProcessEvent) { table.apply(event) }

    package func note(_ snapshot: ProcessSnapshot) { table.apply(snapshot) }

    package func note(_ exit: TaskExit) { table.apply(exit) }

    package func note(_ login: AuditLogin) { table.apply(login) }

    package func note(_ facts: AuditFacts) {
        auditIndex.note(table.apply(facts))
    }

    /// Takes in a file event. `sequence` is its position in the fanotify stream, shared with executable opens; 0
    /// for other sources.
    package func note(_ event: FileEvent, sequence: UInt64) {
        let actor = table.bind(event, sequence: sequence)
        if !table.isSettled(actor, wantsAudit: auditIsLive), table.isAlive(actor), event.pid > 0 {
            if let snapshot = look(event.pid) { table.apply(snapshot) }
            table.rebind(actor)
        }
        coalescer.note(event, actor: actor) { queue($0) }
    }

    /// Emits what is due. `now` is CLOCK_MONOTONIC nanoseconds.
    package func advance(now: UInt64) {
        coalescer.settleDue(now: now) { queue($0) }
        releaseReady(now: now)
        table.expire(now: now)
    }

    /// Emits everything: no more events will come.
    package func finish() {
        coalescer.settleAll { queue($0) }
        releaseReady(now: .max)
    }

    /// When `advance` has something to do next, CLOCK_MONOTONIC nanoseconds.
    package var nextDeadline: UInt64? {
        switch (coalescer.nextDeadline, outbox.nextDeadline) {
        case (let one?, let other?): min(one, other)
        case (let one, let other): one ?? other
        }
    }

    package var settledEarly: UInt64 { coalescer.settledEarly }

    private func queue(_ draft: ChangeDraft) {
        if outbox.isEmpty, isReady(draft) {
            finish(draft)
            return
        }
        outbox.append(draft, deadline: draft.completedAt &+ patience) { finish($0) }
    }

    private func releaseReady(now: UInt64) {
        var hasBacklog: Bool?
        outbox.release(
            now: now, isReady: { isReady($0) },
            extended: { draft in
                guard now < draft.completedAt &+ Self.greatestPatience else { return nil }
                if !table.expectsMore(of: draft.actor) {
                    let isLate = hasBacklog ?? (auditIsLive && auditHasBacklog())
                    hasBacklog = isLate
                    if !isLate { return nil }
                }
                return now &+ patience / 4
            },
            deliver: { finish($0) })
    }

    /// Whether nothing that may still arrive would tell more about who it was.
    private func isReady(_ draft: ChangeDraft) -> Bool {
        if draft.isQuiet { return true }
        joinAudit(draft)
        table.rebind(draft.actor)
        return table.isSettled(draft.actor, wantsAudit: auditIsLive)
    }

    private func finish(_ draft: ChangeDraft) {
        if draft.isQuiet { return pathWasUsed(draft.change.path) }
        joinAudit(draft)
        var change = draft.change
        if draft.actor.recorded?.renamedOverAnother ?? false { change.tellOverwritten() }
        if table.wantsAnotherLook(draft.actor), let snapshot = look(draft.actor.pid) {
            table.apply(snapshot)
        }
        let attribution = table.describe(draft.actor, fileOwner: owner(of: change))
        if attribution.process.pid > 0 { change.attribution = attribution }
        deliver(change)
    }

    /// Who a new file belongs to; the maker, unless somebody gave it away since.
    private func owner(of change: FileChange) -> FileOwner? {
        guard change.kind == .created, let user = change.owner, let group = change.group else { return nil }
        return FileOwner(user: user, group: group)
    }

    private func joinAudit(_ draft: ChangeDraft) {
        let actor = draft.actor
        guard auditIsLive, !actor.isJoined else { return }
        let slack: UInt64 = 1_000_000_000
        let from = actor.readAt > slack ? actor.readAt - slack : 0
        let facts = auditIndex.facts(
            pid: actor.pid, path: draft.change.path, inode: draft.change.inode,
            from: from, to: actor.readAt &+ Self.greatestPatience,
            stampedUpTo: table.auditStamp(after: actor.readAt))
        if let facts { table.join(actor, facts) }
    }
}
