internal import EventModel
internal import FileIntegrity
internal import Glibc
internal import KernelDecoding
internal import KernelSources
internal import ProcessTable

/// What each source can tell at the moment, and who may not wait for it any more.
extension LiveSensor {
    /// A source tells nothing any more: nobody may wait for it, or take its silence for a sign.
    func end(_ source: SourceName, _ state: CoverageState, advice: CoverageAdvice) {
        ledger.trouble(source.rawValue, state, advice: advice)
        setLive(source, false)
    }

    func noteCoverage(_ session: AuditSession) {
        pipeline.auditIsLive = session.isRecording && !ledger.isInTrouble("audit")
        ledger.note(session)
    }

    /// Looks at audit's state, each second or because a record says that its settings were changed.
    func checkAudit(now: UInt64, isTick: Bool) {
        guard let session = audit?.session else { return }
        if isTick ? session.tick() : session.look() {
            let wasLive = pipeline.auditIsLive
            noteCoverage(session)
            if pipeline.auditIsLive, !wasLive { lookAtAllProcesses() }
        }
        if let failure = session.failure, !hasFailed(.audit) { lose(.audit, failure.description) }
        if session.newlyLost > 0 {
            losses.report(
                .auditLost, source: "audit", count: UInt64(session.newlyLost), from: now &- 1_000_000_000,
                to: now)
        }
    }

    /// Login users that were set while audit was off are in no record: `/proc` has them.
    func lookAtAllProcesses() {
        for pid in processDirectory.pids() {
            if let snapshot = processDirectory.snapshot(pid, reason: .firstEvent) { pipeline.note(snapshot) }
        }
    }

    /// Notes the readers with their priorities, which each of them finds out when it first runs.
    func notePriorities() {
        guard awaitsPriorities else { return }
        let priorities = [
            fanotify?.source.priority, audit?.session.priority, connector?.source.priority,
            taskstats?.source.priority,
        ]
        awaitsPriorities = priorities.contains(-1)
        if let source = fanotify?.source { ledger.note(source, missesOverlayWrites: missesOverlayWrites) }
        if let session = audit?.session { ledger.note(session) }
        if let priority = connector?.source.priority {
            ledger.noteReader("proc_connector", priority: priority, detail: "forks, execs and exits")
        }
        if let priority = taskstats?.source.priority {
            ledger.noteReader("taskstats", priority: priority, detail: "exit records")
        }
    }

    /// Directories made since the start may have found no watch left.
    func noteUnwatched() {
        guard let source = inotify?.source, source.unwatched != notedUnwatched else { return }
        noteStandIns(source)
    }

    func noteStandIns(_ source: InotifySource) {
        notedUnwatched = source.unwatched
        let isLacking = source.unwatched > 0 || !standInRefusals.isEmpty
        lackingSince = isLacking ? lackingSince ?? Clock.monotonic : nil
        ledger.noteStandIns(
            standIns, watched: source.watched, unwatched: source.unwatched, refusals: standInRefusals)
    }

    /// Whether the mount table has changed since it was asked last.
    var mountsHaveChanged: Bool {
        var wait = pollfd(fd: fanotify?.source.mountsDescriptor ?? -1, events: Int16(POLLPRI), revents: 0)
        return poll(&wait, 1, 0) > 0 && isMountChange(wait.revents)
    }

    /// Whether that is what was found at the mount table's descriptor. Without it fanotify is blind to new
    /// filesystems: the source has ended.
    func isMountChange(_ events: Int16) -> Bool {
        guard events & Int16(POLLNVAL) != 0 else { return events != 0 }
        lose(.fanotify, "\(KernelError(call: "poll(/proc/self/mountinfo)", errno: EBADF))")
        return false
    }

    /// Tells what a filesystem below a watch that is back may have been through. Those of containers come and go.
    func noteMounts(gone: Set<MarkedMount>, come: Set<MarkedMount>) {
        for one in gone where one.mount.type != "overlay" {
            // Those of pods have names of their own, and never come back.
            if goneMounts.count >= 256, let oldest = goneMounts.min(by: { $0.value < $1.value })?.key {
                goneMounts[oldest] = nil
            }
            goneMounts[one.mount.mountPoint] = lastTick
        }
        for one in come {
            guard let since = goneMounts.removeValue(forKey: one.mount.mountPoint) else { continue }
            losses.report(.filesystemUnmounted, source: "fanotify", from: since, to: Clock.monotonic)
        }
    }

    /// Tells what a watched filesystem that is back may have been through.
    func noteAbsent(_ source: FanotifySource, now: UInt64) {
        for place in source.absent where absentSince[place] == nil { absentSince[place] = now }
        for (place, since) in absentSince where !source.absent.contains(place) {
            absentSince[place] = nil
            losses.report(.filesystemUnmounted, source: "fanotify", from: since, to: now)
        }
    }
}
