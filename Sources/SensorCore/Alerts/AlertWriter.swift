internal import Glibc
internal import KernelSources
internal import Synchronization

/// Brings lines to the alert file from a thread of its own, and tells how far they are safe.
final class AlertWriter: Sendable {
    /// While lines come all the time the disk is made to write once in so many nanoseconds.
    private static let busyInterval: UInt64 = 100_000_000
    /// Milliseconds for which lines may gather after some were written.
    private static let linger: Int32 = 10
    /// Milliseconds after which it is looked whether the file is still there, when no lines come.
    private static let idleInterval: Int32 = 3_000
    /// Milliseconds between tries while the file cannot be written.
    private static let retry: ClosedRange<Int32> = 200...2_000

    let buffer: OutputBuffer
    private let sync: Bool
    private let wake: WakeEvent?
    /// The thread's alone once it runs.
    nonisolated(unsafe) private let log: AlertLog
    private let reached = Atomic<UInt64>(0)
    private let isReopenAsked = Atomic<Bool>(false)
    private let isRotationAsked = Atomic<Bool>(false)
    private let lastStatus: Mutex<AlertFileStatus>

    /// Opens the file and starts the thread.
    ///
    /// - Parameter wake: is signalled when `durable` has grown.
    init(path: String, options: AlertFileOptions, wake: WakeEvent?) throws(KernelError) {
        guard let buffer = OutputBuffer(limit: options.limit) else {
            throw KernelError(call: "eventfd(2)", errno: EMFILE)
        }
        (self.buffer, self.wake, sync) = (buffer, wake, options.sync)
        let log = try AlertLog(path: path, options: options)
        self.log = log
        lastStatus = Mutex(log.status)
        let failed = buffer.start { self.run() }
        guard failed == 0 else { throw KernelError(call: "pthread_create(3)", errno: failed) }
    }

    /// The position up to which all is safe. Any thread.
    var durable: UInt64 {
        // Acquire pairs with the release in `publish`: what was written is there for who reads the file.
        reached.load(ordering: .acquiring)
    }

    /// What has happened to the file. Any thread.
    var status: AlertFileStatus { lastStatus.withLock { $0 } }

    /// Has the thread look for another file at the path. Any thread.
    func reopen() {
        isReopenAsked.store(true, ordering: .relaxed)
        buffer.wake()
    }

    /// Has the thread begin a new file. Any thread.
    func rotate() {
        isRotationAsked.store(true, ordering: .relaxed)
        reopen()
    }

    // MARK: The thread

    /// What the thread has taken over and not yet made safe.
    private struct Held {
        var position: UInt64 = 0
        var size = 0
        /// When it was last made safe (CLOCK_MONOTONIC).
        var settled: UInt64 = 0

        /// Milliseconds until the disk may be asked again.
        var patience: Int32 {
            guard size > 0 else { return idleInterval }
            let passed = Clock.monotonic &- settled
            return passed >= busyInterval ? 0 : Int32((busyInterval - passed) / 1_000_000) + 1
        }
    }

    private func run() -> Bool {
        var held = Held()
        while true {
            let isAsked = isReopenAsked.exchange(false, ordering: .relaxed)
            let batch = buffer.next(patience: isAsked ? 0 : held.patience)
            take(batch, into: &held)
            if held.size == 0 {
                if batch.isLast { return true }
                // Nothing waits for it: what fails now is tried again the next time.
                attempt(log.follow)
            } else if isAsked || batch.isLast || isDue(held) {
                guard persevere(log.settle) else { return false }
                publish(&held)
            } else {
                guard persevere(log.write) else { return false }
            }
            if held.size == 0, isRotationAsked.exchange(false, ordering: .relaxed) { attempt(log.rotateNow) }
            // A wake-up costs more than a write: what comes meanwhile goes together.
            if !batch.pieces.isEmpty { buffer.pause(Self.linger) }
        }
    }

    private func take(_ batch: OutputBuffer.Batch, into held: inout Held) {
        guard !batch.pieces.isEmpty else { return }
        log.add(batch.pieces)
        held.size += batch.pieces.reduce(0) { $0 + $1.count }
        held.position = batch.position
    }

    private func isDue(_ held: Held) -> Bool {
        // Sooner when what is held takes the room of what comes.
        !sync || held.patience == 0 || held.size >= buffer.limit / 4
    }

    private func publish(_ held: inout Held) {
        // Release: who sees the position sees the file as it is now.
        reached.store(held.position, ordering: .releasing)
        buffer.free(held.size)
        held.size = 0
        held.settled = Clock.monotonic
        wake?.signal()
    }

    /// Tries until it succeeds, or until nobody waits any more. Returns whether it did.
    private func persevere(_ work: () throws(KernelError) -> Void) -> Bool {
        var delay = Self.retry.lowerBound
        while !attempt(work) {
            if buffer.isEnding { return false }
            buffer.pause(delay)
            delay = min(delay * 2, Self.retry.upperBound)
            // Perhaps there is another file by now. Whether the trouble has passed is for `work` to tell.
            try? log.follow()
        }
        return true
    }

    /// Returns whether it succeeded; the status says why not.
    @discardableResult
    private func attempt(_ work: () throws(KernelError) -> Void) -> Bool {
        var trouble: KernelError?
        do throws(KernelError) { try work() } catch { trouble = error }
        let status = log.status
        lastStatus.withLock {
            $0 = status
            $0.trouble = trouble
        }
        return trouble == nil
    }
}
