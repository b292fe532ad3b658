internal import EventModel
internal import FileIntegrity
internal import Glibc
internal import KernelSources
internal import ProcessTable

/// A source that has ended or fallen silent, until it is heard again.
struct Recovery {
    /// CLOCK_MONOTONIC nanoseconds: until then everything was heard.
    var since: UInt64
    /// When it is opened again.
    var nextAttempt: UInt64
    /// It fell silent: that it could be opened does not prove that it hears.
    var awaitsCanary: Bool
    /// It has been heard before, so something is missing from its stream.
    var leavesGap: Bool
}

/// What ended is opened again: at once, then at longer and longer intervals.
extension LiveSensor {
    /// `source` tells nothing any more: nobody may wait for it, or take its silence for a sign, until it is back.
    /// A degraded one is open, but silent.
    func losePassing(_ source: SourceName, _ state: CoverageState, now: UInt64) {
        if var recovery = recoveries[source] {
            guard recovery.nextAttempt == .max else { return }
            recovery.nextAttempt = now &+ backoffs[source, default: Backoff()].delay(at: now)
            recoveries[source] = recovery
            return
        }
        var awaitsCanary = false
        if case .degraded = state { awaitsCanary = true }
        end(source, state, advice: .until(source))
        recoveries[source] = Recovery(
            since: provenAt[source] ?? now,
            nextAttempt: now &+ backoffs[source, default: Backoff()].delay(at: now),
            awaitsCanary: awaitsCanary, leavesGap: provenAt[source] != nil || source == .fanotify)
    }

    /// Whether the reader of `source` has ended.
    func hasFailed(_ source: SourceName) -> Bool {
        recoveries[source].map { !$0.awaitsCanary } ?? false
    }

    /// Opens again what is due.
    func recoverSources(now: UInt64) {
        for (source, recovery) in recoveries where now >= recovery.nextAttempt {
            reopen(source, now: now)
        }
    }

    private func reopen(_ source: SourceName, now: UInt64) {
        shut(source)
        canaries.book.excuse(source)
        do throws(KernelError) {
            try open(source)
        } catch {
            recoveries[source]?.nextAttempt = now &+ backoffs[source, default: Backoff()].delay(at: now)
            recoveries[source]?.awaitsCanary = false
            ledger.trouble(source.rawValue, .off(reason: error.description), advice: .without(source))
            if source == .fanotify { standIn(for: watches) }
            return
        }
        awaitsPriorities = true
        canaries.hurry(now: now)
        recoveries[source]?.nextAttempt = .max
        if recoveries[source]?.awaitsCanary == false { finishRecovery(of: source, now: Clock.monotonic) }
    }

    /// `source` hears again: what it missed is said, and read from elsewhere where that is possible.
    func finishRecovery(of source: SourceName, now: UInt64) {
        guard let recovery = recoveries.removeValue(forKey: source) else { return }
        provenAt[source] = now
        ledger.settle(source.rawValue)
        setLive(source, true)
        if recovery.leavesGap {
            losses.report(.sourceRestarted, source: source.rawValue, from: recovery.since, to: now)
        }
        switch source {
        case .connector: recoverProcesses(at: now)
        case .audit: lookAtAllProcesses()
        case .fanotify, .inotify, .taskstats: break
        }
    }

    /// Takes in what the reader of `source` has left, and closes it. Before it is opened again: the number of a
    /// descriptor that was closed from outside may be given out once more.
    func shut(_ source: SourceName) {
        switch source {
        case .fanotify:
            fanotify?.source.stop()
            takeInFiles(within: 1_000_000_000)
            if let counts = counts(of: source) { carried[source] = counts }
            streamEnd = fanotify?.sequence ?? streamEnd
            (fanotify, discarded) = (nil, 0)
        case .inotify:
            inotify?.source.stop()
            takeInFiles(within: 1_000_000_000)
            if let counts = counts(of: source) { carried[source] = counts }
            inotify = nil
        case .audit:
            audit?.session.stop()
            pipeline.auditHasBacklog = { false }
            if let counts = counts(of: source) { carried[source] = counts }
            audit = nil
        case .connector:
            if let counts = counts(of: source) { carried[source] = counts }
            connector = nil
        case .taskstats:
            if let counts = counts(of: source) { carried[source] = counts }
            taskstats = nil
        }
    }

    func setLive(_ source: SourceName, _ isLive: Bool) {
        switch source {
        case .audit: pipeline.auditIsLive = isLive && audit?.session.isRecording ?? false
        case .connector: pipeline.table.connectorIsLive = isLive
        case .taskstats: pipeline.table.taskstatsIsLive = isLive
        case .fanotify, .inotify: break
        }
    }

    /// Whether what refused a call may be otherwise in a minute.
    static func isPassing(_ error: KernelError) -> Bool {
        [EMFILE, ENFILE, ENOMEM, ENOSPC, ENOBUFS, EAGAIN, ETIMEDOUT].contains(error.errno)
    }
}
