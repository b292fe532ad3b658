internal import EventModel
internal import EventRing
internal import FileIntegrity
internal import Glibc
internal import KernelDecoding
internal import KernelSources
internal import ProcessTable

/// Opening the sources, at the start and again when one has ended.
extension LiveSensor {
    /// Bytes of each ring. Sooner or later all of them are resident; what does not fit waits in the kernel's queue.
    private enum Capacity {
        static let fanotify = 1 << 19
        static let audit = 1 << 19
        static let connector = 1 << 19
        static let taskstats = 1 << 17
        static let inotify = 1 << 17
    }

    /// Opens `source` for the first time; what is missing is in the ledger, and tried again when that can help.
    func begin(_ source: SourceName) {
        do throws(KernelError) {
            try open(source)
            setLive(source, true)
            provenAt[source] = Clock.monotonic
        } catch {
            let state = CoverageState.off(reason: error.description)
            ledger.note(source.rawValue, state, advice: .without(source))
            if Self.isPassing(error) { losePassing(source, state, now: Clock.monotonic) }
        }
    }

    func open(_ source: SourceName) throws(KernelError) {
        switch source {
        case .fanotify: try openFanotify()
        case .inotify: try openInotify()
        case .audit: try openAudit()
        case .connector: try openConnector()
        case .taskstats: try openTaskstats()
        }
    }

    private func openConnector() throws(KernelError) {
        let ring = try makeRing(Capacity.connector)
        let source = try ProcessConnectorSource(ring: ring)
        try source.start()
        connector = ConnectorIntake(source: source, consumer: ring.makeConsumer())
    }

    private func openTaskstats() throws(KernelError) {
        let ring = try makeRing(Capacity.taskstats)
        let source = try TaskstatsSource(ring: ring)
        try source.start()
        taskstats = TaskstatsIntake(source: source, consumer: ring.makeConsumer())
    }

    private func openAudit() throws(KernelError) {
        guard let auditStatePath else { return }
        let ring = try makeRing(Capacity.audit)
        let session = try AuditSession(ring: ring, statePath: auditStatePath)
        let older = olderProcesses ?? pipeline.table.count
        olderProcesses = older
        // The kernel takes no rule for what is not there: who changes it later, the others say.
        let recorded = watches.compactMap { path in
            FileState(path).map { (path: path, isDirectory: $0.type == .directory) }
        }
        recordedDirectories = recorded.filter(\.isDirectory).map(\.path)
        do throws(KernelError) {
            try session.start(watches: recorded, running: older, hearsRefusals: hearsRefusals)
        } catch {
            session.stop()
            throw error
        }
        audit = AuditIntake(session: session, consumer: ring.makeConsumer())
        pipeline.auditHasBacklog = { [unowned session] in session.hasBacklog }
        ledger.note(session)
    }

    private func openFanotify() throws(KernelError) {
        let ring = try makeRing(Capacity.fanotify)
        let source = try FanotifySource(ring: ring)
        source.watch(watches)
        canaries.ownFilesystem = canaries.directory.flatMap { source.watchCanaries(in: $0) }
        var resolver = DirectoryResolver()
        resolver.configure(watches: watches, mounts: source.marked)
        try source.start()
        resolver.seedWatches()
        fanotify = FanotifyIntake(
            source: source, consumer: ring.makeConsumer(),
            translator: FanotifyTranslator(resolver: resolver, level: source.level), sequence: streamEnd)
        fanotify?.translator.canaryPids = canaries.pids
        checkOverlays()
        ledger.note(source, missesOverlayWrites: missesOverlayWrites)
        standIn(for: source.refused.map(\.path))
    }

    private func openInotify() throws(KernelError) {
        let ring = try makeRing(Capacity.inotify)
        let source = try InotifySource(ring: ring)
        try source.start()
        inotify = InotifyIntake(source: source, consumer: ring.makeConsumer())
        canaries.isHeardByInotify = canaries.directory.map { source.watchCanaries(in: $0) } ?? false
        watchStandIns(source)
    }

    // MARK: Standing in

    /// Lets inotify stand in where fanotify cannot watch: from the start, since a filesystem was mounted, or until
    /// fanotify is back.
    func standIn(for paths: [ByteString]) {
        let fresh = paths.filter { !standIns.contains($0) }
        let isOver = paths.isEmpty && !standIns.isEmpty
        standIns = paths
        if isOver { endInotify() }
        guard !fresh.isEmpty else { return }
        if let source = inotify?.source {
            watchStandIns(source)
        } else if recoveries[.inotify] == nil {
            begin(.inotify)
        }
    }

    private func watchStandIns(_ source: InotifySource) {
        standInRefusals = []
        awaitsStandIns = false
        for path in standIns {
            do throws(KernelError) { try source.watch(path) } catch  where error.errno == ENOENT {
                // Nobody has made it yet, nor the directory that it is to be in.
                awaitsStandIns = true
            } catch {
                standInRefusals.append("\(host.name(path).text): \(error)")
            }
        }
        noteStandIns(source)
    }

    /// Nothing is left for inotify to watch: what it would tell, fanotify tells too.
    private func endInotify() {
        shut(.inotify)
        recoveries[.inotify] = nil
        ledger.forget(
            SourceName.inotify.rawValue, .off(reason: "fanotify watches its paths again"),
            advice: .standInOver)
    }

    /// Directories that found no watch may find one now.
    func retryStandIns(now: UInt64) {
        guard let source = inotify?.source else { return }
        let before = source.unwatched + standInRefusals.count
        guard before > 0 || awaitsStandIns, now &- lastRetried >= 60_000_000_000 else { return }
        let since = lackingSince ?? now
        lastRetried = now
        source.forgetUnwatched()
        watchStandIns(source)
        if source.unwatched + standInRefusals.count < before {
            // What is watched now was not before.
            losses.report(.sourceRestarted, source: SourceName.inotify.rawValue, from: since, to: now)
        }
    }
}
