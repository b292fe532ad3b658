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
    let containers: ContainerDirectory
    let pipeline: ChangePipeline<DiskInspector>
    private let emit: (SensorEvent) -> Void
    let watches: [ByteString]
    let host: HostRoot

    var fanotify: FanotifyIntake?
    var inotify: InotifyIntake?
    var connector: ConnectorIntake?
    var taskstats: TaskstatsIntake?
    var audit: AuditIntake?
    let auditStatePath: String?
    /// Directories for which audit has rules.
    var recordedDirectories: [ByteString] = []
    let ledger: CoverageLedger
    let losses: LossLedger
    /// Where inotify stands in for fanotify.
    var standIns: [ByteString] = []
    var standInRefusals: [String] = []
    /// Since when there are such directories, or some that were refused.
    var lackingSince: UInt64?
    /// Something that inotify is to watch is not there.
    var awaitsStandIns = false
    /// Directories that inotify could not watch, as coverage has it.
    var notedUnwatched = 0
    /// Some reader has not run yet, as far as coverage has it.
    var awaitsPriorities = true
    var discarded: UInt64 = 0
    /// Before Linux 6.5 overlayfs opened the files below it without telling fanotify.
    private let hearsOverlayWrites = KernelVersion.running >= KernelVersion(6, 5)
    private(set) var missesOverlayWrites = false
    var canaries: Canaries
    private var refusals: SocketRefusals?
    /// What has ended and is to be opened again.
    var recoveries: [SourceName: Recovery] = [:]
    var backoffs: [SourceName: Backoff] = [:]
    /// CLOCK_MONOTONIC nanoseconds: when each source was last known to hear.
    var provenAt: [SourceName: UInt64] = [:]
    /// What the earlier readers of each source counted.
    var carried: [SourceName: (events: UInt64, undecodable: UInt64)] = [:]
    /// Where the last fanotify stream ended.
    var streamEnd: UInt64 = 0
    /// When directories without a watch were last tried again.
    var lastRetried: UInt64 = 0
    /// Processes that ran when audit was first opened.
    var olderProcesses: Int?
    /// Mount points that are gone, and since when.
    var absentSince: [ByteString: UInt64] = [:]
    /// Mount points below watches that are gone, and since when.
    var goneMounts: [ByteString: UInt64] = [:]
    var lastTick: UInt64 = 0
    private var lastReconciled: UInt64 = 0
    private var recordsThisSecond = 0
    /// What the start took is to be given back.
    private var wasBusy = true
    private var lastTrimmed: UInt64 = 0

    /// - Parameters:
    ///   - watches: absolute paths without symbolic links.
    ///   - auditStatePath: where audit's original settings are kept; `nil` leaves audit alone.
    ///   - canaryInterval: nanoseconds from one canary to the next; 0 for none.
    ///   - canaryDirectory: a directory of ours in which canaries are made beside the watches.
    ///   - host: where the host's root directory is: what is told of files in text, and of programs, leaves it out.
    ///   - controlSocket: attempts at it that the kernel refuses are told, as far as audit hears them.
    ///   - emit: takes each event as it is finished, on the calling thread.
    /// - Throws: `KernelError` when not even the descriptors that everything needs can be had.
    package init(
        watches: [ByteString], settleWindow: UInt64, auditStatePath: String?,
        canaryInterval: UInt64 = 60_000_000_000, canaryDirectory: ByteString? = nil,
        host: HostRoot = HostRoot(), controlSocket: ByteString? = nil,
        emit: @escaping (SensorEvent) -> Void
    ) throws(KernelError) {
        OwnProcess.keepSmall()
        wake = try check("eventfd(2)", cwait_open_event())
        let directory = try ProcessDirectory()
        processDirectory = directory
        self.watches = watches
        self.auditStatePath = auditStatePath
        self.emit = emit
        self.host = host
        refusals = controlSocket.map { SocketRefusals(socket: $0) }
        ledger = CoverageLedger(host: host, emit: emit)
        losses = LossLedger(emit: emit)
        let containers = ContainerDirectory(own: directory.snapshot(getpid()), host: host)
        self.containers = containers
        let now = Clock.monotonic
        canaries = Canaries(interval: canaryInterval, directory: canaryDirectory, now: now)
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

    /// Calls `body`, on the calling thread and in the order of events, with each path that something came to and left
    /// again, of which other changes tell.
    func whenPathWasUsed(_ body: @escaping (ByteString) -> Void) { pipeline.pathWasUsed = body }

    // MARK: - Start and end

    /// Opens every source that the host allows; what is missing is in `coverage`. Returns whether any file source
    /// is there.
    package func start() -> Bool {
        begin(.connector)
        begin(.taskstats)
        begin(.fanotify)
        if fanotify == nil { standIn(for: watches) }
        // Before audit, which has no records of those that run already; after the connector, so that nobody is born
        // in between.
        scanProcesses()
        if auditStatePath != nil {
            begin(.audit)
        } else {
            ledger.note("audit", .off(reason: "not asked for"), advice: .auditNotAskedFor)
        }
        notePriorities()
        if canaries.interval > 0 { noteCanaries() }
        ledger.tellsAll = true
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
    func takeInFiles(within time: UInt64) {
        let begin = Clock.monotonic
        while drainOnce().files > 0 {
            let now = Clock.monotonic
            if now &- begin >= time {
                losses.report(.unreadAtEnd, source: "fanotify", from: begin, to: now)
                return
            }
        }
    }

    func makeRing(_ capacity: Int) throws(KernelError) -> EventRing {
        guard let ring = EventRing(capacity: capacity, wakeDescriptor: wake) else {
            throw KernelError(call: "mmap(2)", errno: ENOMEM, advice: "free some memory")
        }
        return ring
    }

    /// What runs already, from `/proc`.
    private func scanProcesses() {
        for pid in processDirectory.pids() {
            if let snapshot = processDirectory.snapshot(pid) { pipeline.note(snapshot) }
        }
        pipeline.table.linkScanned()
        ledger.noteLive("procfs", detail: "\(pipeline.table.count) processes at the start")
    }

    /// The coverage table, in the order in which people read it.
    package var coverage: [CoverageEntry] { ledger.entries }

    /// What each source heard and lost.
    package var summary: [Summary.Source] {
        SourceName.allCases.compactMap { source in
            guard let count = counts(of: source) ?? carried[source] else { return nil }
            let loss = losses.losses(of: source.rawValue)
            return Summary.Source(
                name: source.rawValue, events: count.events, lost: loss.counted,
                uncountedLosses: loss.uncounted, undecodable: count.undecodable)
        }
    }

    /// Whether all events of files have come in that waited in the kernel when this was last so.
    package func noteCaughtUp() -> Bool { fanotify?.noteCaughtUp() ?? true }

    /// What all readers of `source` up to the one that is open have counted; `nil` when none is open.
    func counts(of source: SourceName) -> (events: UInt64, undecodable: UInt64)? {
        let counts: (events: UInt64, undecodable: UInt64)? =
            switch source {
            case .fanotify: fanotify.map { ($0.source.counts.events, $0.undecodable) }
            case .inotify: inotify.map { ($0.events, $0.undecodable) }
            case .audit: audit.map { ($0.session.records, $0.undecodable) }
            case .connector: connector.map { ($0.source.events, $0.undecodable) }
            case .taskstats: taskstats.map { ($0.source.events, $0.undecodable) }
            }
        guard let counts else { return nil }
        let before = carried[source] ?? (0, 0)
        return (before.events + counts.events, before.undecodable + counts.undecodable)
    }

    /// Whether audit is to record who may not connect to a socket.
    var hearsRefusals: Bool { refusals != nil }

    /// Attempts at the control socket that the kernel has refused.
    package var refusedPeers: UInt64 { refusals?.count ?? 0 }

    func noteRefusal(_ facts: AuditFacts) {
        if let access = refusals?.note(facts, now: Clock.monotonic) { emit(.refused(access)) }
    }

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
            if !recoveries.isEmpty { recoverSources(now: now) }
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
    func checkOverlays() -> Bool {
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
        retryStandIns(now: now)
        seedDirectories()
        tendCanaries(now: now)
        trimMemory(now: now)
        pipeline.setRealtimeOffset(Clock.realtime &- now)
        pipeline.table.bootOffset = Clock.bootOffset
        for access in refusals?.takeDue(now: now) ?? [] { emit(.refused(access)) }
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

    /// After a busy time, and each few seconds in one, gives back the memory that it took; of what other threads did, once
    /// a minute.
    private func trimMemory(now: UInt64) {
        let isBusy = recordsThisSecond > 100
        recordsThisSecond = 0
        let interval: UInt64 = isBusy ? 5_000_000_000 : 60_000_000_000
        if wasBusy && !isBusy || now &- lastTrimmed >= interval {
            OwnProcess.trimMemory()
            lastTrimmed = now
        }
        wasBusy = isBusy
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
        if isMountChange(waits[2].revents) { refreshMounts() }
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
        let before = Set(source.marked.filter(\.reportsChanges))
        source.refreshMounts()
        containers.refreshMounts()
        let after = Set(source.marked.filter(\.reportsChanges))
        if after != before {
            noteMounts(gone: before.subtracting(after), come: after.subtracting(before))
            fanotify?.translator.configure(watches: watches, mounts: source.marked)
        }
        noteAbsent(source, now: Clock.monotonic)
        checkOverlays()
        ledger.note(source, missesOverlayWrites: missesOverlayWrites)
        standIn(for: source.refused.map(\.path))
    }

    /// Learns the directories below the watches again, when something may have been missed and nothing waits.
    private func seedDirectories() {
        guard fanotify?.translator.needsSeeding ?? false, fanotify?.isDrained ?? false else { return }
        fanotify?.translator.seed()
    }
}
