internal import CWait
internal import Glibc
internal import Synchronization

/// Writes to a descriptor from a thread of its own: a slow reader, a stopped one or a full disk never holds up who
/// offers.
///
/// What waits is bounded; what does not fit is refused whole. One thread offers.
final class OutputQueue: Sendable {
    private struct State {
        var waiting: [[UInt8]] = []
        /// Bytes in `waiting`.
        var size = 0
        /// The thread has nothing to write and waits for the event.
        var isIdle = true
        /// No more will be offered.
        var isEnding = false
        /// Refuses until half of the room is free, so that a reader that is a little too slow makes few gaps.
        var isRefusing = false
        /// Why nothing can be written at the moment (positive errno): a full disk, which may get better.
        var trouble: Int32?
        /// Why nothing will be written any more (positive errno): the reader is gone.
        var failure: Int32?
        /// The thread has ended with everything written.
        var isComplete = false

        func hasRoom(for count: Int, limit: Int) -> Bool {
            failure == nil && size + count <= (isRefusing ? limit / 2 : limit)
        }
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let limit: Int
    /// Signalled when there is something to write, and once the thread has ended.
    private let work: Int32
    private let ended: Int32

    /// Starts the thread. `descriptor` stays the caller's.
    ///
    /// - Parameter limit: the most bytes that wait.
    /// - Returns: `nil` when the host refuses a thread or a descriptor.
    init?(descriptor: Int32, limit: Int) {
        (self.descriptor, self.limit) = (descriptor, limit)
        (work, ended) = (cwait_open_event(), cwait_open_event())
        guard work >= 0, ended >= 0 else { return nil }
        // The thread's own reference.
        let reference = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let queue = Unmanaged<OutputQueue>.fromOpaque(argument).takeRetainedValue()
                queue.run()
                cwait_signal_event(queue.ended)
                return nil
            }, reference.toOpaque())
        guard failed == 0 else {
            reference.release()
            return nil
        }
        pthread_detach(thread)
    }

    deinit {
        for event in [work, ended] where event >= 0 { close(event) }
    }

    /// Takes `bytes` over, or refuses them all.
    func offer(_ bytes: consuming [UInt8]) -> Bool {
        let count = bytes.count
        let bytes = bytes
        let (isTaken, wakes) = state.withLock { state -> (Bool, Bool) in
            state.isRefusing = !state.hasRoom(for: count, limit: limit)
            if state.isRefusing { return (false, false) }
            state.waiting.append(bytes)
            state.size += count
            defer { state.isIdle = false }
            return (true, state.isIdle)
        }
        if wakes { cwait_signal_event(work) }
        return isTaken
    }

    /// Whether `count` bytes would be taken now. Room is only ever made until the next `offer`.
    func hasRoom(for count: Int) -> Bool {
        state.withLock { $0.hasRoom(for: count, limit: limit) }
    }

    var trouble: Int32? { state.withLock { $0.trouble } }
    var failure: Int32? { state.withLock { $0.failure } }

    /// Waits until everything is written, `patience` milliseconds at most. Returns whether it was.
    func finish(patience: Int32) -> Bool {
        state.withLock { $0.isEnding = true }
        cwait_signal_event(work)
        guard cwait_await_event(ended, patience) != 0 else { return false }
        // For whoever asks again.
        cwait_signal_event(ended)
        return state.withLock { $0.isComplete }
    }

    // MARK: The thread

    private func run() {
        while let batch = next() {
            for bytes in batch { guard write(bytes) else { return } }
        }
        state.withLock { $0.isComplete = true }
    }

    /// The next bytes to write, in the pieces in which they came; `nil` at the end.
    private func next() -> [[UInt8]]? {
        while true {
            let (batch, isEnding) = state.withLock { state in
                var batch: [[UInt8]] = []
                swap(&batch, &state.waiting)
                state.size = 0
                state.isIdle = batch.isEmpty
                return (batch, state.isEnding)
            }
            if !batch.isEmpty { return batch }
            if isEnding { return nil }
            _ = cwait_await_event(work, -1)
        }
    }

    /// Writes all of `bytes`; `false` when that will not be possible any more.
    private func write(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let result = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done)
            }
            if result >= 0 {
                done += result
                state.withLock { $0.trouble = nil }
            } else if !waitOut(errno) {
                return false
            }
        }
        return true
    }

    /// Whether it is worth trying again after `error`.
    private func waitOut(_ error: Int32) -> Bool {
        switch error {
        case EINTR: return true
        case EAGAIN:
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&wait, 1, 1_000)
            return !isHopeless
        case ENOSPC, EDQUOT:
            state.withLock { $0.trouble = error }
            usleep(200_000)
            return !isHopeless
        default:
            state.withLock { $0.failure = error }
            return false
        }
    }

    /// Nobody waits for what cannot be written now.
    private var isHopeless: Bool { state.withLock { $0.isEnding } }
}
