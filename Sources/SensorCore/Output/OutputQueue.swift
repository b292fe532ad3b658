internal import Glibc
internal import Synchronization

/// Writes to a descriptor from a thread of its own. One thread offers.
final class OutputQueue: Sendable {
    let buffer: OutputBuffer
    private let descriptor: Int32
    private let lastTrouble = Mutex<Int32?>(nil)

    /// Starts the thread. `descriptor` stays the caller's.
    ///
    /// - Parameter limit: the most bytes that wait.
    /// - Returns: `nil` when the host refuses a thread or a descriptor.
    init?(descriptor: Int32, limit: Int) {
        guard let buffer = OutputBuffer(limit: limit) else { return nil }
        (self.descriptor, self.buffer) = (descriptor, buffer)
        guard buffer.start({ self.run() }) == 0 else { return nil }
    }

    /// Takes `bytes` over, or refuses them all.
    func offer(_ bytes: consuming [UInt8]) -> Bool { buffer.offer(bytes) }

    /// Why nothing can be written at the moment (positive errno): a full disk, which may get better.
    var trouble: Int32? { lastTrouble.withLock { $0 } }
    /// Why nothing will be written any more (positive errno): the reader is gone.
    var failure: Int32? { buffer.failure }

    /// Waits until everything is written, `patience` milliseconds at most. Returns whether it was.
    func finish(patience: Int32) -> Bool { buffer.finish(patience: patience) }

    // MARK: The thread

    private func run() -> Bool {
        while true {
            let batch = buffer.next(patience: -1)
            if batch.pieces.isEmpty, batch.isLast { return true }
            buffer.free(batch.pieces.reduce(0) { $0 + $1.count })
            for bytes in batch.pieces { guard write(bytes) else { return false } }
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
                lastTrouble.withLock { $0 = nil }
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
            return !buffer.isEnding
        case ENOSPC, EDQUOT:
            lastTrouble.withLock { $0 = error }
            usleep(200_000)
            return !buffer.isEnding
        default:
            buffer.fail(error)
            return false
        }
    }
}
