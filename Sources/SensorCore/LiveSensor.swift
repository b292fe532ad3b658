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
    private let processDirectory: ProcessDirectory
    private let containers: ContainerDirectory
    private let pipeline: ChangePipeline<DiskInspector>
    private let emit: (SensorEvent) -> Void
    private let watches: [ByteString]

    private var fanotify: FanotifyIntake?
    private var inotify: InotifyIntake?
    private var connector: ConnectorIntake?
    private var taskstats: TaskstatsIntake?
    private var audit: AuditIntake?
    private let auditStatePath: String?
    private var coverageByIdentifier: [String: CoverageEntry] = [:]
    private var losses: [String: (counted: UInt64, uncounted: UInt64)] = [:]
    private var lastTick: UInt64 = 0

    private enum Capacity {
        static let fanotify = 1 << 20
        static let audit = 1 << 21
        static let connector = 1 << 20
        static let taskstats = 1 << 18
        static let inotify = 1 << 18
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
            table: table, coalescer: coalescer, look: { directory.snapshot($0) },
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
        return fanotify != nil || inotify != nil
    }

    /// Ends the readers, and emits what is still pending.
    package func stop() {
        fanotify?.source.stop()
        inotify?.source.stop()
        drainOnce()
        audit?.session.stop()
        connector?.source.stop()
        taskstats?.source.stop()
        pipeline.finish()
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
            coverReader("proc_connector", priority: source.priority, detail: "forks, execs and exits")
        } catch {
            cover(
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
            coverReader("taskstats", priority: source.priority, detail: "exit records")
        } catch {
            cover(
                "taskstats", .off(reason: error.description),
                advice: "The program of a process that was gone at once may stay unknown. Run as root.")
        }
    }

    private func startAudit() {
        guard let auditStatePath else {
            cover(
                "audit", .off(reason: "not asked for"),
                advice: "Login users and arguments of short-lived processes may stay unknown.")
            return
        }
        do throws(KernelError) {
            let ring = try makeRing(Capacity.audit)
            let session = try AuditSession(ring: ring, statePath: auditStatePath)
            audit = AuditIntake(session: session, consumer: ring.makeConsumer())
            try session.start(watches: watches.map { ($0, FileState($0)?.type == .directory) })
            coverAudit(session)
        } catch {
            audit?.session.stop()
            audit = nil
            cover(
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
            coverFanotify(source)
        } catch {
            cover(
                "fanotify", .off(reason: error.description),
                advice: "Changes come from inotify, which does not say who. Run as root.")
        }
        if !refused.isEmpty { startInotify(refused) }
    }

    private func startInotify(_ paths: [ByteString]) {
        do throws(KernelError) {
            let ring = try makeRing(Capacity.inotify)
            let source = try InotifySource(ring: ring)
            try source.start()
            for path in paths { try source.watch(path) }
            inotify = InotifyIntake(source: source, consumer: ring.makeConsumer())
            coverInotify(source, paths)
        } catch {
            cover("inotify", .off(reason: error.description), advice: "These paths are not watched.")
        }
    }

    /// What runs already, from `/proc`; after the connector, so that nobody is born in between.
    private func scanProcesses() {
        for pid in processDirectory.pids() {
            if let snapshot = processDirectory.snapshot(pid) { pipeline.note(snapshot) }
        }
        pipeline.table.linkScanned()
        cover("procfs", .live, detail: "\(pipeline.table.count) processes at the start")
    }

    /// What each source heard and lost.
    package var summary: [Summary.Source] {
        let events: [(String, UInt64?)] = [
            ("fanotify", fanotify?.source.counts.events), ("inotify", inotify?.events),
            ("audit", audit?.session.records), ("proc_connector", connector?.source.events),
            ("taskstats", taskstats?.source.events),
        ]
        return events.compactMap { name, count in
            guard let count else { return nil }
            let loss = losses[name] ?? (0, 0)
            return Summary.Source(
                name: name, events: count, lost: loss.counted, uncountedLosses: loss.uncounted)
        }
    }

    // MARK: - Coverage

    /// The coverage table, in the order in which people read it.
    package var coverage: [CoverageEntry] {
        ["fanotify", "inotify", "audit", "proc_connector", "taskstats", "procfs"].compactMap {
            coverageByIdentifier[$0]
        }
    }

    private func cover(_ source: String, _ entry: CoverageEntry) {
        let previous = coverageByIdentifier[source]
        coverageByIdentifier[source] = entry
        guard let previous, previous.state != entry.state else { return }
        emit(.coverage(entry, previous: previous.state, time: Clock.realtime))
    }

    private func cover(_ source: String, _ state: CoverageState, detail: String = "", advice: String = "") {
        cover(source, CoverageEntry(source: source, state: state, detail: detail, advice: advice))
    }

    /// A source that runs; degraded without the priority that lets it see a process before it is gone.
    private func coverReader(_ source: String, priority: Int32, detail: String) {
        switch priority {
        case 2: cover(source, .live, detail: detail + ", real-time")
        case 1, -1: cover(source, .live, detail: detail)
        default:
            cover(
                source, .degraded(reason: "neither SCHED_FIFO nor nice -20"), detail: detail,
                advice: "Short-lived processes may stay unknown. Grant CAP_SYS_NICE.")
        }
    }

    private func coverFanotify(_ source: FanotifySource) {
        let watched = source.marked.filter(\.reportsChanges)
        let detail = "\(watched.count) filesystems, programs on \(source.marked.count)"
        if let missing = source.level.missing {
            cover("fanotify", .degraded(reason: missing), detail: detail, advice: "Use a newer kernel.")
        } else if watched.isEmpty {
            cover("fanotify", .degraded(reason: "no watched filesystem accepts marks"), detail: detail)
        } else {
            cover("fanotify", .live, detail: detail)
        }
    }

    private func coverAudit(_ session: AuditSession) {
        let place =
            switch session.delivery {
            case .daemon: "registered daemon"
            case .multicast(let owner):
                owner == 0 ? "multicast group" : "multicast group, pid \(owner) has the daemon's place"
            }
        let detail = "\(place), \(session.ruleCount) rules"
        pipeline.auditIsLive = session.ruleCount > 0
        if let reason = session.degradation {
            cover(
                "audit", .degraded(reason: reason), detail: detail, advice: "Attribution falls back to /proc."
            )
        } else {
            cover("audit", .live, detail: detail)
        }
    }

    private func coverInotify(_ source: InotifySource, _ paths: [ByteString]) {
        let detail = "\(source.watched) directories in " + paths.map(\.text).joined(separator: ", ")
        let reason = source.degradation ?? "no process id with the changes"
        cover("inotify", .degraded(reason: reason), detail: detail)
    }

    // MARK: - The loop

    /// Runs until `signals` (a signalfd) is readable, and returns the signal. `flush` is called whenever a batch is
    /// done.
    package func run(signals: Int32, flush: () -> Void) -> Int32 {
        var idleRounds = 0
        while true {
            let count = drainOnce()
            let now = Clock.monotonic
            pipeline.advance(now: now)
            if now &- lastTick >= 1_000_000_000 { tick(now: now) }
            flush()
            let signal = cwait_next_signal(signals)
            if signal != 0 { return signal }
            if count > 0 {
                idleRounds = 0
                continue
            }
            idleRounds += 1
            // Lingering costs less than being woken for each record.
            if idleRounds <= 2 { usleep(500) } else { sleep(signals: signals) }
        }
    }

    private func tick(now: UInt64) {
        lastTick = now
        pipeline.setRealtimeOffset(Clock.realtime &- now)
        containers.expire(now: now)
        guard let audit else { return }
        audit.expire(now: now)
        if audit.session.tick() { coverAudit(audit.session) }
        if audit.session.newlyLost > 0 {
            report(
                .auditLost, source: "audit", count: UInt64(audit.session.newlyLost),
                from: now &- 1_000_000_000, to: now)
        }
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
        coverFanotify(source)
    }

    // MARK: - One batch

    /// Takes in what all sources have, in the order that the pipeline asks for. Returns the number of records.
    @discardableResult
    private func drainOnce() -> Int {
        var count = fanotify?.collect() ?? 0
        count += inotify?.collect(now: Clock.monotonic) ?? 0
        var exits: [TaskExit] = []
        count += taskstats?.drain { exits.append($0) } ?? 0
        count += audit?.collect() ?? 0
        let newest = max(fanotify?.newest ?? 0, audit?.newest ?? 0)
        count += connector?.catchUp(to: newest) { take($0) } ?? 0
        noteFanotifyContext()
        for exit in exits { pipeline.note(exit) }
        for item in audit?.items ?? [] {
            switch item {
            case .login(let login): pipeline.note(login)
            case .facts(let facts): pipeline.note(facts)
            }
        }
        noteFileEvents()
        noteLosses()
        return count
    }

    private func noteFanotifyContext() {
        guard fanotify != nil else { return }
        for execution in fanotify?.executions ?? [] {
            pipeline.table.noteOpenedExecutable(
                pid: execution.open.pid, path: execution.path, inode: execution.open.object?.inode,
                sequence: execution.sequence, readAt: execution.open.readAt)
        }
        for snapshot in fanotify?.snapshots ?? [] { pipeline.note(snapshot) }
    }

    private func noteFileEvents() {
        for change in fanotify?.changes ?? [] { pipeline.note(change.event, sequence: change.sequence) }
        for change in inotify?.changes ?? [] { pipeline.note(change, sequence: 0) }
    }

    private func take(_ item: ConnectorIntake.Item) {
        switch item {
        case .event(let event): pipeline.note(event)
        case .snapshot(let snapshot): pipeline.note(snapshot)
        case .overrun(let time):
            report(.processConnectorOverrun, source: "proc_connector", from: lastTick, to: time)
            recoverProcesses(at: time)
        }
    }

    /// After the connector lost events, `/proc` is the truth again.
    private func recoverProcesses(at time: UInt64) {
        let pids = processDirectory.pids()
        pipeline.table.reconcile(alive: Set(pids), at: time)
        for pid in pids {
            if let snapshot = processDirectory.snapshot(pid) { pipeline.note(snapshot) }
        }
    }

    private func noteLosses() {
        for overflow in fanotify?.overflows ?? [] {
            report(.fanotifyOverflow, source: "fanotify", from: overflow.from, to: overflow.to)
        }
        for moment in inotify?.overflows ?? [] {
            report(.inotifyOverflow, source: "inotify", from: lastTick, to: moment)
        }
        for moment in taskstats?.overruns ?? [] {
            report(.taskstatsOverrun, source: "taskstats", from: lastTick, to: moment)
        }
        for moment in audit?.overruns ?? [] {
            report(.auditLost, source: "audit", from: lastTick, to: moment)
        }
        for loss in audit?.losses ?? [] {
            report(.auditSerialGap, source: "audit", count: loss.count, from: lastTick, to: Clock.monotonic)
        }
        noteFailure("audit", audit?.failure ?? nil)
        noteFailure("fanotify", fanotify?.failure ?? nil)
        noteFailure("inotify", inotify?.failure ?? nil)
        noteFailure("proc_connector", connector?.failure ?? nil)
        noteFailure("taskstats", taskstats?.failure ?? nil)
    }

    private func noteFailure(_ source: String, _ code: Int32?) {
        guard let code else { return }
        if case .off? = coverageByIdentifier[source]?.state { return }
        let error = KernelError(call: "read(2)", errno: code)
        cover(source, .off(reason: "the reader ended: \(error)"), advice: "Start vedette again.")
    }

    /// `from` and `to` on CLOCK_MONOTONIC.
    private func report(_ cause: Gap.Cause, source: String, count: UInt64? = nil, from: UInt64, to: UInt64) {
        let offset = Clock.realtime &- Clock.monotonic
        losses[source, default: (0, 0)].counted += count ?? 0
        if count == nil { losses[source, default: (0, 0)].uncounted += 1 }
        emit(.gap(Gap(source: source, cause: cause, count: count, from: from &+ offset, to: to &+ offset)))
    }
}
