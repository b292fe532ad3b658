internal import CWait
internal import Glibc
internal import Synchronization

/// What waits for a thread that writes it: a slow reader or a full disk never holds up who offers.
///
/// What waits is bounded; what does not fit is refused whole. One thread offers, one writes.
final class OutputBuffer: Sendable {
    /// What the writing thread has taken over.
    struct Batch {
        var pieces: [[UInt8]] = []
        /// The position that was offered with the last piece.
        var position: UInt64 = 0
        /// No more will come.
        var isLast = false
    }

    private struct State {
        var waiting = Batch()
        /// Bytes that were offered and not freed.
        var size = 0
        /// The thread has nothing to write and waits for the event.
        var isIdle = true
        /// Refuses until half of the room is free, so that a reader that is a little too slow makes few gaps.
        var isRefusing = false
        /// Why nothing will be written any more (positive errno): the reader is gone.
        var failure: Int32?
        /// The thread has ended with everything written.
        var isComplete = false

        func hasRoom(for count: Int, limit: Int) -> Bool {
            failure == nil && size + count <= (isRefusing ? limit / 2 : limit)
        }
    }

    private let state = Mutex(State())
    let limit: Int
    /// Signalled when there is something to write, and once the thread has ended.
    private let work: Int32
    private let ended: Int32

    /// - Parameter limit: the most bytes that wait.
    /// - Returns: `nil` when the host refuses a descriptor.
    init?(limit: Int) {
        self.limit = limit
        (work, ended) = (cwait_open_event(), cwait_open_event())
        guard work >= 0, ended >= 0 else { return nil }
    }

    deinit {
        for event in [work, ended] where event >= 0 { close(event) }
    }

    /// Starts the thread that writes: `body` returns whether everything was. 0, or why there is none (positive errno).
    func start(_ body: @escaping @Sendable () -> Bool) -> Int32 {
        let reference = Unmanaged.passRetained(Work(buffer: self, body: body))
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, reference.toOpaque())
        if failed == 0 { pthread_detach(thread) } else { reference.release() }
        return failed
    }

    /// What the thread holds while it runs.
    private final class Work {
        private let buffer: OutputBuffer
        private let body: @Sendable () -> Bool

        init(buffer: OutputBuffer, body: @escaping @Sendable () -> Bool) {
            (self.buffer, self.body) = (buffer, body)
        }

        func run() {
            let isComplete = body()
            buffer.state.withLock { $0.isComplete = isComplete }
            cwait_signal_event(buffer.ended)
        }
    }

    // MARK: Who offers

    /// Takes `bytes` over, or refuses them all.
    ///
    /// - Parameter position: what everything up to `bytes` is called; the writing thread passes it on.
    func offer(_ bytes: consuming [UInt8], position: UInt64 = 0) -> Bool {
        let count = bytes.count
        let bytes = bytes
        let (isTaken, wakes) = state.withLock { state -> (Bool, Bool) in
            state.isRefusing = !state.hasRoom(for: count, limit: limit)
            if state.isRefusing { return (false, false) }
            state.waiting.pieces.append(bytes)
            state.waiting.position = position
            state.size += count
            defer { state.isIdle = false }
            return (true, state.isIdle)
        }
        if wakes { wake() }
        return isTaken
    }

    /// Whether `count` bytes would be taken now. Room is only ever made until the next `offer`.
    func hasRoom(for count: Int) -> Bool {
        state.withLock { $0.hasRoom(for: count, limit: limit) }
    }

    var failure: Int32? { state.withLock { $0.failure } }

    /// Has the thread look around, though nothing was offered. Any thread.
    func wake() { cwait_signal_event(work) }

    /// Waits until everything is written, `patience` milliseconds at most. Returns whether it was.
    func finish(patience: Int32) -> Bool {
        state.withLock { $0.waiting.isLast = true }
        wake()
        guard cwait_await_event(ended, patience) != 0 else { return false }
        // For whoever asks again.
        cwait_signal_event(ended)
        return state.withLock { $0.isComplete }
    }

    // MARK: The thread

    /// What waits, as soon as something does; nothing after `patience` milliseconds (-1: not before something
    /// does), when woken, and at the end.
    func next(patience: Int32) -> Batch {
        let first = exchange()
        guard first.pieces.isEmpty, !first.isLast else { return first }
        _ = cwait_await_event(work, patience)
        return exchange()
    }

    private func exchange() -> Batch {
        state.withLock { state in
            let batch = state.waiting
            state.waiting.pieces = []
            state.isIdle = batch.pieces.isEmpty
            return batch
        }
    }

    /// Gives the room of so many bytes back.
    func free(_ count: Int) { state.withLock { $0.size -= count } }

    /// Waits before another try, `milliseconds` at most.
    func pause(_ milliseconds: Int32) { _ = cwait_await_event(work, milliseconds) }

    /// Nothing can be written any more; `error` is a positive errno.
    func fail(_ error: Int32) { state.withLock { $0.failure = error } }

    /// Nobody waits for what cannot be written now.
    var isEnding: Bool { state.withLock { $0.waiting.isLast } }
}
