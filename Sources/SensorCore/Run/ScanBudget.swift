internal import Glibc

/// Keeps a scan within its share of a processor and its files a second. One thread owns it.
final class ScanBudget {
    /// Of one processor, while events come in beside it.
    private static let share: UInt64 = 50
    private let rate: UInt64?
    private let began = Clock.monotonic
    private let beganProcessor = ScanBudget.processorTime

    init(rate: UInt64?) { self.rate = rate }

    /// Sleeps a moment when the scan is ahead of its budget; returns whether it still is then.
    func mustWait(files: UInt64) -> Bool {
        guard isAhead(files: files) else { return false }
        usleep(2_000)
        return isAhead(files: files)
    }

    private func isAhead(files: UInt64) -> Bool {
        let elapsed = Clock.monotonic &- began
        if let rate, files &* 1_000_000_000 / max(rate, 1) > elapsed { return true }
        // A burst of a tenth of a second is free: small scans are done at once.
        let used = Self.processorTime &- beganProcessor
        return used > 100_000_000 && used &* 100 > elapsed &* Self.share
    }

    /// Of this thread, nanoseconds.
    private static var processorTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
