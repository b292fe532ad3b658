internal import EventModel
internal import EventRing
internal import KernelDecoding
internal import KernelSources

/// The consumer's side of fanotify: records from the ring become file events in the order of the kernel's queue.
///
/// One thread owns it.
final class FanotifyIntake {
    /// A file event with its place in the stream, which it shares with executable opens.
    struct Change {
        var event: FileEvent
        var sequence: UInt64
    }

    /// An executable open with its path and its place in the stream.
    struct Execution {
        var open: ExecutableOpen
        var path: ByteString
        var sequence: UInt64
    }

    let source: FanotifySource
    private var consumer: RingConsumer
    var translator: FanotifyTranslator
    /// The last event's place in the stream.
    private(set) var sequence: UInt64
    /// What the last `collect` found; the memory is used again.
    private(set) var changes: [Change] = []
    private(set) var executions: [Execution] = []
    private(set) var snapshots: [ProcessSnapshot] = []
    /// Filesystems on which the canary was heard.
    private(set) var canaries: [UInt64] = []
    private(set) var overflows: [(from: UInt64, to: UInt64)] = []
    /// CLOCK_MONOTONIC nanoseconds of the newest record of the last `collect`; 0 when it found none.
    private(set) var newest: UInt64 = 0
    /// Why the reader ended; positive errno.
    private(set) var failure: Int32?
    private(set) var undecodable: UInt64 = 0
    private var catchUp = CatchUp()

    /// - Parameter sequence: where the stream before this one ended.
    init(
        source: FanotifySource, consumer: consuming RingConsumer, translator: consuming FanotifyTranslator,
        sequence: UInt64
    ) {
        self.sequence = sequence
        self.source = source
        self.consumer = consumer
        self.translator = translator
    }

    /// Whether all events have been read that waited in the kernel when this was last so.
    func noteCaughtUp() -> Bool {
        let waiting = source.backlog
        let counts = source.counts
        return catchUp.note(waiting: waiting, read: counts.events &+ counts.own &+ counts.discarded)
    }

    /// Drains the ring. Returns the number of records.
    func collect() -> Int {
        changes.removeAll(keepingCapacity: true)
        executions.removeAll(keepingCapacity: true)
        snapshots.removeAll(keepingCapacity: true)
        canaries.removeAll(keepingCapacity: true)
        overflows.removeAll(keepingCapacity: true)
        newest = 0
        var outputs: [FanotifyOutput] = []
        // Each may hold more than a hundred events, which stay in memory until the batch is done.
        let count = consumer.drain(limit: 16) { header, payload in
            newest = header.time
            switch header.recordKind {
            case .fanotify:
                outputs.removeAll(keepingCapacity: true)
                translator.translate(record: payload, readAt: header.time) { outputs.append($0) }
                for output in outputs { take(output) }
            case .snapshot: take(snapshot: payload, flags: header.flags)
            case .failed: failure = payload.failureCode
            default: undecodable += 1
            }
        }
        return count
    }

    private func take(_ output: FanotifyOutput) {
        sequence += 1
        switch output {
        case .change(let event): changes.append(Change(event: event, sequence: sequence))
        case .execution(let open):
            let directory = open.directory.flatMap { translator.resolver.path(of: $0) }
            guard let directory, !open.name.isEmpty else { return }
            executions.append(Execution(open: open, path: directory.appending(open.name), sequence: sequence))
        case .canary(let filesystem): canaries.append(filesystem)
        case .overflow(let from, let to): overflows.append((from, to))
        case .undecodable: undecodable += 1
        }
    }

    private func take(snapshot payload: RawSpan, flags: UInt16) {
        do throws(ProcessDecodeError) {
            snapshots.append(try ProcessSnapshot(decoding: payload, flags: flags))
        } catch {
            undecodable += 1
        }
    }

    /// Whether nothing waits anywhere.
    var isDrained: Bool { source.backlog == 0 && consumer.producerIsParked && consumer.isEmpty }

    func arm() -> Bool { consumer.arm() }
    func disarm() { consumer.disarm() }
}
