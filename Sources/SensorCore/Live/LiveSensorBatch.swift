internal import EventModel
internal import FileIntegrity
internal import KernelDecoding
internal import KernelSources
internal import ProcessTable

extension LiveSensor {
    /// Takes in what all sources have, in the order that the pipeline asks for. Returns the number of records.
    func drainOnce() -> (all: Int, files: Int) {
        let files = (fanotify?.collect() ?? 0) + (inotify?.collect(now: Clock.monotonic) ?? 0)
        var count = files
        var exits: [TaskExit] = []
        let beforeAudit = Clock.monotonic
        count += taskstats?.drain { exits.append($0) } ?? 0
        count += audit?.collect() ?? 0
        // An exit record ends a process: what the connector told of it before must be known by then.
        let newest = max(fanotify?.newest ?? 0, audit?.newest ?? 0, exits.last?.readAt ?? 0)
        count += connector?.catchUp(to: newest) { take($0) } ?? 0
        noteFanotifyContext()
        hearCanaries()
        for exit in exits {
            hear(exit)
            pipeline.note(exit)
        }
        for item in audit?.items ?? [] {
            switch item {
            case .login(let login): pipeline.note(login)
            case .facts(let facts):
                if facts.socketPath != nil { noteRefusal(facts) }
                if !isCanary(facts) { pipeline.note(facts) }
            }
        }
        if audit?.isReconfigured ?? false { checkAudit(now: beforeAudit, isTick: false) }
        if let audit, pipeline.auditIsLive, pipeline.isWaiting {
            pipeline.table.noteAuditDrained(upTo: audit.drainedUpTo(now: beforeAudit))
        }
        noteFileEvents()
        noteLosses()
        return (count, files)
    }

    private func noteFanotifyContext() {
        guard fanotify != nil else { return }
        for execution in fanotify?.executions ?? [] {
            pipeline.table.noteOpenedExecutable(
                pid: execution.open.pid, path: host.name(execution.path), inode: execution.open.object?.inode,
                sequence: execution.sequence, notBefore: execution.open.notBefore,
                readAt: execution.open.readAt)
        }
        for snapshot in fanotify?.snapshots ?? [] { pipeline.note(snapshot) }
    }

    private func noteFileEvents() {
        for change in fanotify?.changes ?? [] { pipeline.note(change.event, sequence: change.sequence) }
        for change in inotify?.changes ?? [] { pipeline.note(change, sequence: 0) }
    }

    private func take(_ item: ConnectorIntake.Item) {
        switch item {
        case .event(let event):
            hear(event)
            pipeline.note(event)
        case .snapshot(let snapshot): pipeline.note(snapshot)
        case .overrun(let time, let count):
            losses.report(
                .processConnectorOverrun, source: "proc_connector", count: count, from: lastTick, to: time)
            recoverProcesses(at: time)
        case .behind(let from, let to):
            losses.report(.processConnectorBehind, source: "proc_connector", from: from, to: to)
        }
    }

    /// After the connector lost events, `/proc` is the truth again.
    func recoverProcesses(at time: UInt64) {
        let pids = processDirectory.pids()
        pipeline.table.reconcile(alive: Set(pids), at: time)
        for pid in pids {
            if let snapshot = processDirectory.snapshot(pid) { pipeline.note(snapshot) }
        }
    }

    private func noteLosses() {
        for overflow in fanotify?.overflows ?? [] {
            losses.report(
                .fanotifyOverflow, source: "fanotify", count: newlyDiscarded(), from: overflow.from,
                to: overflow.to)
        }
        for moment in inotify?.overflows ?? [] {
            losses.report(.inotifyOverflow, source: "inotify", from: lastTick, to: moment)
        }
        for moment in taskstats?.overruns ?? [] {
            losses.report(.taskstatsOverrun, source: "taskstats", from: lastTick, to: moment)
        }
        for moment in audit?.overruns ?? [] {
            losses.report(.auditLost, source: "audit", from: lastTick, to: moment)
        }
        for loss in audit?.losses ?? [] {
            losses.report(
                .auditSerialGap, source: "audit", count: loss.count, from: lastTick, to: Clock.monotonic)
        }
        noteFailure(.audit, audit?.failure)
        noteFailure(.fanotify, fanotify?.failure)
        noteFailure(.inotify, inotify?.failure)
        noteFailure(.connector, connector?.failure)
        noteFailure(.taskstats, taskstats?.failure)
        if let version = taskstats?.unknownVersion, !ledger.isInTrouble("taskstats") {
            end(
                .taskstats, .off(reason: "version \(version) of the kernel's exit records is not known"),
                advice: .unknownRecords)
        }
    }

    /// How many events our own reader threw away since the last overflow; `nil` when it was the kernel's.
    private func newlyDiscarded() -> UInt64? {
        let total = fanotify?.source.counts.discarded ?? 0
        defer { discarded = total }
        return total > discarded ? total - discarded : nil
    }

    private func noteFailure(_ source: SourceName, _ code: Int32?) {
        guard let code, !hasFailed(source) else { return }
        let error = KernelError(call: "read(2)", errno: code)
        lose(source, "the reader ended: \(error)")
    }

    /// `source` has ended, and is to be opened again at once.
    func lose(_ source: SourceName, _ reason: String) {
        // A silent one that has ended need not be heard to be known as open.
        recoveries[source]?.awaitsCanary = false
        losePassing(source, .off(reason: reason), now: Clock.monotonic)
    }
}
