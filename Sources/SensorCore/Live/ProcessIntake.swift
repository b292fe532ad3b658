internal import EventModel
internal import EventRing
internal import Glibc
internal import KernelDecoding
internal import KernelSources

/// The consumer's side of the process connector.
///
/// One thread owns it.
final class ConnectorIntake {
    enum Item {
        case event(ProcessEvent)
        case snapshot(ProcessSnapshot)
        /// Events before this moment (CLOCK_MONOTONIC nanoseconds) were lost; `nil`: nobody knows how many.
        case overrun(UInt64, count: UInt64?)
        /// The reader did not get the processor for too long: who did what between the two moments is not certain.
        case behind(from: UInt64, to: UInt64)
    }

    let source: ProcessConnectorSource
    private var consumer: RingConsumer
    /// When the last record was read, CLOCK_MONOTONIC nanoseconds.
    private var newest: UInt64 = 0
    private(set) var failure: Int32?
    private(set) var undecodable: UInt64 = 0

    init(source: ProcessConnectorSource, consumer: consuming RingConsumer) {
        self.source = source
        self.consumer = consumer
    }

    /// Passes everything on that happened up to now: the kernel queues a process event before the process goes on,
    /// so what a file event of it tells is never older than what is found here.
    ///
    /// Bounded: gives up after two seconds, when the reader does not get the processor.
    func catchUp(to moment: UInt64, _ take: (Item) -> Void) -> Int {
        var count = 0
        var complete: UInt64 = 0
        let begin = Clock.monotonic
        while true {
            // The first that is enough: later ones would run ahead of us in a storm.
            if complete < moment { complete = consumer.drainedUpTo }
            let found = drain(take)
            count += found
            if isCurrent(at: moment, complete: complete) || failure != nil { return count }
            let now = Clock.monotonic
            if now &- begin > Self.patience {
                take(.behind(from: begin, to: now))
                return count
            }
            if found < Self.batch { usleep(50) }
        }
    }

    /// Nanoseconds.
    private static let patience: UInt64 = 2_000_000_000
    /// Records between two looks at the clock: in a storm the ring may never be found empty.
    private static let batch = 1_024

    /// - Parameter complete: the reader had read everything up to then, before the last `drain`.
    private func isCurrent(at moment: UInt64, complete: UInt64) -> Bool {
        if complete >= moment, newest > complete { return true }
        if consumer.drainedUpTo >= moment { return consumer.isEmpty }
        // In this order: whoever took the last message from the socket has committed it before he parked again.
        return source.isIdle && consumer.producerIsParked && consumer.isEmpty
    }

    private func drain(_ take: (Item) -> Void) -> Int {
        consumer.drain(limit: Self.batch) { header, payload in
            newest = header.time
            do throws(ProcessDecodeError) {
                switch header.recordKind {
                case .processEvents:
                    if let event = try ProcessEvent(decoding: payload) { take(.event(event)) }
                case .snapshot: take(.snapshot(try ProcessSnapshot(decoding: payload, flags: header.flags)))
                case .overrun: take(.overrun(header.time, count: payload.lostCount))
                case .failed: failure = payload.failureCode
                default: undecodable += 1
                }
            } catch {
                undecodable += 1
            }
        }
    }

    /// Whether nothing waits anywhere.
    var isDrained: Bool { source.isIdle && consumer.producerIsParked && consumer.isEmpty }

    func arm() -> Bool { consumer.arm() }
    func disarm() { consumer.disarm() }
}

/// The consumer's side of taskstats. One thread owns it.
final class TaskstatsIntake {
    let source: TaskstatsSource
    private var consumer: RingConsumer
    private(set) var failure: Int32?
    private(set) var undecodable: UInt64 = 0
    private(set) var overruns: [UInt64] = []
    /// The version of records whose layout is not known: this kernel has no others.
    private(set) var unknownVersion: UInt16?

    init(source: TaskstatsSource, consumer: consuming RingConsumer) {
        self.source = source
        self.consumer = consumer
    }

    /// Passes the exit records on that have arrived.
    func drain(_ take: (TaskExit) -> Void) -> Int {
        overruns.removeAll(keepingCapacity: true)
        // In a storm the ring may never be found empty.
        return consumer.drain(limit: 1_024) { header, payload in
            do throws(ProcessDecodeError) {
                switch header.recordKind {
                case .taskstats:
                    if let exit = try TaskExit(decoding: payload, readAt: header.time) { take(exit) }
                case .overrun: overruns.append(header.time)
                case .failed: failure = payload.failureCode
                default: undecodable += 1
                }
            } catch {
                undecodable += 1
                if error == .unknownLayout { unknownVersion = TaskExit.version(in: payload) }
            }
        }
    }

    /// Whether nothing waits anywhere.
    var isDrained: Bool { source.isIdle && consumer.producerIsParked && consumer.isEmpty }

    func arm() -> Bool { consumer.arm() }
    func disarm() { consumer.disarm() }
}

/// The consumer's side of inotify. One thread owns it.
final class InotifyIntake {
    let source: InotifySource
    private var consumer: RingConsumer
    private(set) var failure: Int32?
    private(set) var undecodable: UInt64 = 0
    private(set) var events: UInt64 = 0
    private(set) var changes: [FileEvent] = []
    private(set) var overflows: [UInt64] = []
    /// The last `collect` found a canary.
    private(set) var hasCanary = false

    init(source: InotifySource, consumer: consuming RingConsumer) {
        self.source = source
        self.consumer = consumer
    }

    /// Drains the ring. Returns the number of records; what they hold is in `changes` and `overflows`.
    func collect(now: UInt64) -> Int {
        var outputs: [InotifyOutput] = []
        changes.removeAll(keepingCapacity: true)
        overflows.removeAll(keepingCapacity: true)
        hasCanary = false
        let source = source
        let count = consumer.drain(limit: 256) { header, payload in
            switch header.recordKind {
            case .inotify: source.translate(record: payload, readAt: header.time) { outputs.append($0) }
            case .failed: failure = payload.failureCode
            default: undecodable += 1
            }
        }
        source.flushMoves(before: now) { outputs.append($0) }
        for output in outputs {
            switch output {
            case .change(let event): changes.append(event)
            case .overflow(let readAt): overflows.append(readAt)
            case .canary: hasCanary = true
            case .undecodable: undecodable += 1
            }
        }
        events += UInt64(changes.count)
        return count
    }

    /// Whether nothing waits anywhere.
    var isDrained: Bool { source.isIdle && consumer.producerIsParked && consumer.isEmpty }

    func arm() -> Bool { consumer.arm() }
    func disarm() { consumer.disarm() }
}
