internal import Baseline
internal import CWait
internal import EventModel
internal import Glibc
internal import Synchronization

/// The thread of the file integrity module: takes events from the main thread, in order, and scans in between.
final class KeeperThread: Sendable {
    enum Item: Sendable {
        case event(SensorEvent)
        case used(ByteString)
        case tick(FileKeeper<DiskTree>.Tick)
        case scan(ByteString?, @Sendable (Bool) -> Void)
        case options(FileKeeper<DiskTree>.Options)
        case reopen
        case rotate
    }

    /// Events that wait at most. Beyond, the main thread waits, and after `patience` milliseconds they are lost.
    private static let limit = 512
    private static let patience = 2_000

    private let mailbox: Mailbox<Item>
    /// The thread's own once it runs.
    nonisolated(unsafe) private let keeper: FileKeeper<DiskTree>
    nonisolated(unsafe) private let sink: AlertSink
    /// The main thread's own: events are being refused.
    nonisolated(unsafe) private var isBehind = false
    private let isEnding = Atomic(false)
    private let ended: Int32
    private let lastStatus = Mutex(FileKeeperStatus())

    /// - Returns: `nil` when the host refuses a descriptor.
    init?(keeper: FileKeeper<DiskTree>, sink: AlertSink) {
        guard let mailbox = Mailbox<Item>(limit: Self.limit) else { return nil }
        self.mailbox = mailbox
        self.keeper = keeper
        self.sink = sink
        ended = cwait_open_event()
        if ended < 0 { return nil }
    }

    deinit { close(ended) }

    /// Starts the thread. Returns whether the host gives one.
    func start() -> Bool {
        WorkerThread.start(stackSize: 256 << 10) { [self] in
            run()
            cwait_signal_event(ended)
        }
    }

    /// Hands over an event. Waits a while when too many wait already.
    func post(_ event: SensorEvent) { post(.event(event)) }

    /// Hands over an event, or what goes with events.
    func post(_ item: Item) {
        var waited = 0
        // Once only: who is that far behind must not hold up the main thread for each event.
        while mailbox.count >= Self.limit, !isBehind, waited < Self.patience {
            usleep(1_000)
            waited += 1
        }
        isBehind = mailbox.count >= Self.limit
        mailbox.post(item)
    }

    /// Hands over what must not be refused.
    func tell(_ item: Item) { mailbox.post(item, urgent: true) }

    /// As of a moment ago.
    var status: FileKeeperStatus { lastStatus.withLock { $0 } }

    /// Waits, a second at most, until the database has been opened or refused.
    func awaitOpening() {
        for _ in 0..<100 where status.state == nil { usleep(10_000) }
    }

    /// Takes in what waits, writes everything, and ends the thread. Returns whether it came to that within `patience`
    /// milliseconds.
    func finish(patience: Int32) -> Bool {
        // Release: what was posted before is taken in.
        isEnding.store(true, ordering: .releasing)
        cwait_signal_event(mailbox.descriptor)
        return cwait_await_event(ended, patience) != 0
    }

    // MARK: The thread

    private func run() {
        keeper.start()
        publish()
        while !isEnding.load(ordering: .acquiring) {
            takeIn()
            if keeper.work(goesOn: { [self] in takeIn() }) { continue }
            mailbox.wait(timeout: 200)
        }
        keeper.noteEnd()
        takeIn()
        keeper.finish()
    }

    /// Takes in what has come. Returns whether to go on with other work.
    @discardableResult
    private func takeIn() -> Bool {
        var items: [Item] = []
        let refused = mailbox.take(into: &items)
        for item in items { take(item) }
        if refused > 0 { keeper.noteRefused(refused) }
        if !items.isEmpty { sink.flush() }
        keeper.commitIfDue()
        publish()
        return !isEnding.load(ordering: .acquiring)
    }

    private func publish() {
        var status = keeper.status
        (status.kinds, status.unattributed) = (sink.changes, sink.unattributed)
        (status.alerts, status.alertsLost) = (sink.events, sink.lost)
        status.published = Clock.monotonic
        lastStatus.withLock { $0 = status }
    }

    private func take(_ item: Item) {
        switch item {
        case .event(let event): keeper.take(event)
        case .used(let path): keeper.lookAgain(at: path)
        case .tick(let tick): keeper.take(tick)
        case .scan(let root, let reply): reply(keeper.requestScan(of: root))
        case .options(let options): keeper.use(options)
        case .reopen: sink.reopen()
        case .rotate: sink.rotate()
        }
    }
}
