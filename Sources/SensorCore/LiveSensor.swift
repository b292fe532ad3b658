internal import CWait
package import EventModel
internal import EventRing
internal import FileIntegrity
internal import Glibc
internal import KernelDecoding
package import KernelSources
internal import ProcessTable
package import Reporting

/// The whole live pipeline in one process: sources, process table, coalescing, and what comes out.
///
/// Created, run and ended by one thread, the consumer of all rings.
package final class LiveSensor {
    private let wake: Int32
    let processDirectory: ProcessDirectory
    private let containers: ContainerDirectory
    let pipeline: ChangePipeline<DiskInspector>
    private let emit: (SensorEvent) -> Void
    private let watches: [ByteString]

    var fanotify: FanotifyIntake?
    var inotify: InotifyIntake?
    var connector: ConnectorIntake?
    var taskstats: TaskstatsIntake?
    var audit: AuditIntake?
    private let auditStatePath: String?
    let ledger: CoverageLedger
    let losses: LossLedger
    /// Where inotify stands in for fanotify.
    private(set) var standIns: [ByteString] = []
    private(set) var standInRefusals: [String] = []
    /// Directories that inotify could not watch, as coverage has it.
    var notedUnwatched = 0
    /// Some reader has not run yet, as far as coverage has it.
    var awaitsPriorities = true
    var discarded: UInt64 = 0
    /// Before Linux 6.5 overlayfs opened the files below it without telling fanotify.
    private let hearsOverlayWrites = KernelVersion.running >= KernelVersion(6, 5)
    private(set) var missesOverlayWrites = false
    var lastTick: UInt64 = 0
    private var lastReconciled: UInt64 = 0
    private var recordsThisSecond = 0
    private var wasBusy = false

    /// Bytes of each ring. Sooner or later all of them are resident; what does not fit waits in the kernel's queue.
    private enum Capacity {
        static let fanotify = 1 << 19
        static let audit = 1 << 19
        static let connector = 1 << 19
        static let taskstats = 1 << 17
        static let inotify = 1 << 17
    }

    /// - Parameters:
    ///   - watches: absolute paths without symbolic links.
    ///   - auditStatePath: where audit's original settings are kept; `nil` leaves audit alone.
    ///   - emit: takes each event as it is finished, on the calling thread.
    /// - Throws: `KernelError` when not even the descriptors that everything needs can be had.
    package init(
        watches: [ByteString], settleWindow: UInt64, auditStatePath: String?,
        emit: @escaping (SensorEvent) -> Void
    ) throws(KernelError) {
        OwnProcess.limitArenas()
        wake = try check("eventfd(2)", cwait_open_event())
        let directory = try ProcessDirectory()
        processDirectory = directory
        self.watches = watches
        self.auditStatePath = auditStatePath
        self.emit = emit
        ledger = CoverageLedger(emit: emit)
        losses = LossLedger(emit: emit)
        let containers = ContainerDirectory(own: directory.snapshot(getpid()))
        self.containers = containers
        let now = Clock.monotonic
        let realtimeOffset = Clock.realtime &- now
        let table = ProcessTable(bootOffset: Clock.bootOffset, realtimeOffset: realtimeOffset) {
            containers.placement(of: $0)
        }
        let coalescer = ChangeCoalescer(
            inspector: DiskInspector(containers: containers), settleWindow: settleWindow,
            realtimeOffset: realtimeOffset,
            now: now)
        pipeline = ChangePipeline(
            table: table, coalescer: coalescer, look: { directory.snapshot($0, reason: .firstEvent) },
            deliver: { change in
                var change = change
                change.containerPath = containers.containerPath(of: change.path)
                emit(.change(change))
            })
    }

    deinit { close(wake) }

    // MARK: - Start and end

    /// Opens every source that the host allows; what is missing is in `coverage`. Returns whether any file source
    /// is there.
    package func start() -> Bool {
        startConnector()
        startTaskstats()
        startFileSources()
        startAudit()
        scanProcesses()
        notePriorities()
        return fanotify != nil || inotify != nil
    }

    /// Takes in what has happened until now, ends the readers, and emits what is still pending.
    package func stop() {
        workOff(within: 2_000_000_000)
        fanotify?.source.stop()
        inotify?.source.stop()
        takeInFiles(within: 1_000_000_000)
        audit?.session.stop()
        connector?.source.stop()
        taskstats?.source.stop()
        pipeline.finish()
    }

    /// Goes on until the queues are empty, for so many nanoseconds at most; tells what remains.
    private func workOff(within time: UInt64) {
        let begin = Clock.monotonic
        while true {
            let count = drainOnce().all
            let now = Clock.monotonic
            pipeline.advance(now: now)
            let backlog = fanotify?.source.backlog ?? 0
            if count == 0, backlog == 0 { return }
            if now &- begin >= time {
                if backlog > 0 {
                    losses.report(.unreadAtEnd, source: "fanotify", count: backlog, from: begin, to: now)
                }
                return
            }
            if count == 0 { usleep(500) }
        }
    }

    /// Takes in what the readers of files, which have ended, left in their rings. The others go on reading: in a
    /// fork storm their rings are never empty.
    private func takeInFiles(within time: UInt64) {
        let begin = Clock.monotonic
        while drainOnce().files > 0 {
            let now = Clock.monotonic
            if now &- begin >= time {
                losses.report(.unreadAtEnd, source: "fanotify", from: begin, to: now)
                return
            }
        }
    }

    private func makeRing(_ capacity: Int) throws(KernelError) -> EventRing {
        guard let ring = EventRing(capacity: capacity, wakeDescriptor: wake) else {
            throw KernelError(call: "mmap(2)", errno: ENOMEM, advice: "free some memory")
        }
        return ring
    }

    private func startConnector() {
        do throws(KernelError) {
            let ring = try makeRing(Capacity.connector)
            let source = try ProcessConnectorSource(ring: ring)
            try source.start()
            connector = ConnectorIntake(source: source, consumer: ring.makeConsumer())
            pipeline.table.connectorIsLive = true
        } catch {
            ledger.note(
                "proc_connector", .off(reason: error.description),
                advice: "Short-lived processes may stay unknown. Run as root in the initial namespaces.")
        }
    }

    private func startTaskstats() {
        do throws(KernelError) {
            let ring = try makeRing(Capacity.taskstats)
            let source = try TaskstatsSource(ring: ring)
            try source.start()
            taskstats = TaskstatsIntake(source: source, consumer: ring.makeConsumer())
            pipeline.table.taskstatsIsLive = true
        } catch {
            ledger.note(
                "taskstats", .off(reason: error.description),
                advice: "The program of a process that was gone at once may stay unknown. Run as root.")
        }
    }

    private func startAudit() {
        guard let auditStatePath else {
            ledger.note(
                "audit", .off(reason: "not asked for"),
                advice: "Login users and arguments of short-lived processes may stay unknown.")
            return
        }
        do throws(KernelError) {
            let ring = try makeRing(Capacity.audit)
            let session = try AuditSession(ring: ring, statePath: auditStatePath)
            audit = AuditIntake(session: session, consumer: ring.makeConsumer())
            pipeline.auditHasBacklog = { [unowned session] in session.hasBacklog }
            try session.start(watches: watches.map { ($0, FileState($0)?.type == .directory) })
            noteCoverage(session)
        } catch {
            audit?.session.stop()
            audit = nil
            pipeline.auditHasBacklog = { false }
            ledger.note(
                "audit", .off(reason: error.description),
                advice: "Login users and arguments of short-lived processes may stay unknown.")
        }
    }

    private func startFileSources() {
        var refused = watches
        do throws(KernelError) {
            let ring = try makeRing(Capacity.fanotify)
            let source = try FanotifySource(ring: ring)
            source.watch(watches)
            var resolver = DirectoryResolver()
            resolver.configure(watches: watches, mounts: source.marked)
            try source.start()
            resolver.seedWatches()
            refused = source.refused.map(\.path)
            fanotify = FanotifyIntake(
                source: source, consumer: ring.makeConsumer(),
                translator: FanotifyTranslator(resolver: resolver, level: source.level))
            checkOverlays()
            ledger.note(source, missesOverlayWrites: missesOverlayWrites)
        } catch {
            ledger.note(
                "fanotify", .off(reason: error.description),
                advice: "Changes come from inotify, which does not say who. Run as root.")
        }
        standIn(for: refused)
    }

    /// Lets inotify stand in where fanotify cannot watch, from the start or since a filesystem was mounted.
    private func standIn(for paths: [ByteString]) {
        let fresh = paths.filter { !standIns.contains($0) }
        standIns = paths
        guard !fresh.isEmpty else { return }
        do throws(KernelError) {
            let source = if let running = inotify?.source { running } else { try startInotify() }
            standInRefusals = []
            for path in fresh {
                do throws(KernelError) { try source.watch(path) } catch {
                    standInRefusals.append("\(path.text): \(error)")
                }
            }
            noteStandIns(source)
        } catch {
            ledger.note("inotify", .off(reason: error.description), advice: "These paths are not watched.")
        }
    }

    private func startInotify() throws(KernelError) -> InotifySource {
        let ring = try makeRing(Capacity.inotify)
        let source = try InotifySource(ring: ring)
        try source.start()
        inotify = InotifyIntake(source: source, consumer: ring.makeConsumer())
        return source
    }

    /// What runs already, from `/proc`; after the connector, so that nobody is born in between.
    private func scanProcesses() {
        for pid in processDirectory.pids() {
            if let snapshot = processDirectory.snapshot(pid) { pipeline.note(snapshot) }
        }
        pipeline.table.linkScanned()
        ledger.note("procfs", .live, detail: "\(pipeline.table.count) processes at the start")
    }

    /// The coverage table, in the order in which people read it.
    package var coverage: [CoverageEntry] { ledger.entries }

    /// What each source heard and lost.
    package var summary: [Summary.Source] {
        let counts: [(String, (events: UInt64, undecodable: UInt64)?)] = [
            ("fanotify", fanotify.map { ($0.source.counts.events, $0.undecodable) }),
            ("inotify", inotify.map { ($0.events, $0.undecodable) }),
            ("audit", audit.map { ($0.session.records, $0.undecodable) }),
            ("proc_connector", connector.map { ($0.source.events, $0.undecodable) }),
            ("taskstats", taskstats.map { ($0.source.events, $0.undecodable) }),
        ]
        return counts.compactMap { name, count in
            guard let count else { return nil }
            let loss = losses.losses(of: name)
            return Summary.Source(
                name: name, events: count.events, lost: loss.counted, uncountedLosses: loss.uncounted,
                undecodable: count.undecodable)
        }
    }

    /// Whether the kernel has no more events of files for us at this moment.
    package var isCaughtUp: Bool { fanotify?.source.backlog ?? 0 == 0 }

    /// Changes that were told before their settle window ended.
    package var settledEarly: UInt64 { pipeline.settledEarly }

    // MARK: - The loop

    /// Runs until `flush`, which is called whenever a batch is done, returns `false`, or `endsAt` says so of a signal.
    ///
    /// - Parameter signals: a signalfd.
    package func run(
        signals: Int32, endsAt: (_ signal: Int32) -> Bool = { _ in true }, flush: () -> Bool
    ) {
        var idleRounds = 0
        while true {
            let count = drainOnce().all
            recordsThisSecond += count
            let now = Clock.monotonic
            pipeline.advance(now: now)
            if now &- lastTick >= 1_000_000_000 { tick(now: now) }
            if !flush() { return }
            let signal = cwait_next_signal(signals)
            if signal != 0, endsAt(signal) { return }
            if count > 0 {
                idleRounds = 0
                continue
            }
            idleRounds += 1
            // Lingering costs less than being woken for each record.
            if idleRounds == 1 { usleep(1_000) } else { sleep(signals: signals) }
        }
    }

    /// Whether a watch has come to hold an overlay's upper layer; returns whether that is new.
    @discardableResult
    private func checkOverlays() -> Bool {
        guard !hearsOverlayWrites, !missesOverlayWrites else { return false }
        missesOverlayWrites = watches.contains { containers.hasUpperLayer(around: $0) }
        return missesOverlayWrites
    }

    private func tick(now: UInt64) {
        lastTick = now
        // A busy host never gets to sleep, where the mount table is waited for.
        if mountsHaveChanged { refreshMounts() }
        if checkOverlays(), let source = fanotify?.source {
            ledger.note(source, missesOverlayWrites: true)
        }
        notePriorities()
        noteUnwatched()
        trimMemory()
        pipeline.setRealtimeOffset(Clock.realtime &- now)
        pipeline.table.bootOffset = Clock.bootOffset
        containers.expire(now: now)
        endTheDead(now: now)
        audit?.expire(now: now)
        checkAudit(now: now, isTick: true)
    }

    /// Ends what `/proc` has no more: without the connector nothing tells of an end, and with it not always.
    private func endTheDead(now: UInt64) {
        let period: UInt64 = pipeline.table.connectorIsLive ? 60_000_000_000 : 10_000_000_000
        guard now &- lastReconciled >= period else { return }
        lastReconciled = now
        pipeline.table.reconcile(alive: Set(processDirectory.pids()), at: now)
    }

    /// After a busy time, gives back the memory that it took.
    private func trimMemory() {
        if recordsThisSecond > 100 {
            wasBusy = true
        } else if wasBusy {
            OwnProcess.trimMemory()
            wasBusy = false
        }
        recordsThisSecond = 0
    }

    /// Sleeps until a reader, a signal, the mount table or the next deadline wakes us.
    private func sleep(signals: Int32) {
        let isArmed = armAll()
        defer { disarmAll() }
        guard isArmed else { return }
        var waits = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: fanotify?.source.mountsDescriptor ?? -1, events: Int16(POLLPRI), revents: 0),
        ]
        let now = Clock.monotonic
        let deadline = min(pipeline.nextDeadline ?? .max, now &+ 1_000_000_000)
        let milliseconds = deadline > now ? Int32((deadline - now + 999_999) / 1_000_000) : 0
        poll(&waits, nfds_t(waits.count), milliseconds)
        if waits[0].revents != 0 { cwait_clear_event(wake) }
        if waits[2].revents != 0 { refreshMounts() }
    }

    private func armAll() -> Bool {
        // Every ring is armed even when an earlier one has something: disarming is harmless.
        let ready = [
            fanotify?.arm() ?? true, inotify?.arm() ?? true, connector?.arm() ?? true,
            taskstats?.arm() ?? true,
            audit?.arm() ?? true,
        ]
        return !ready.contains(false)
    }

    private func disarmAll() {
        fanotify?.disarm()
        inotify?.disarm()
        connector?.disarm()
        taskstats?.disarm()
        audit?.disarm()
    }

    private func refreshMounts() {
        guard let source = fanotify?.source else { return }
        source.refreshMounts()
        containers.refreshMounts()
        fanotify?.translator.resolver.configure(watches: watches, mounts: source.marked)
        checkOverlays()
        ledger.note(source, missesOverlayWrites: missesOverlayWrites)
        standIn(for: source.refused.map(\.path))
    }
}
