internal import Glibc

/// Keeps scans within their share of a processor and their files a second. One thread owns it.
///
/// Time in which the thread waited for a processor counts as if it had used it: when others want the processors, scans
/// take less of them.
final class ScanBudget {
    /// Of one processor, while events come in beside it.
    private static let share: UInt64 = 50
    /// Processor time that small scans have for free, nanoseconds.
    private static let burst: UInt64 = 100_000_000
    private var rate: UInt64?
    /// When what scans have used so far is paid for. CLOCK_MONOTONIC nanoseconds.
    private var paidAt: UInt64 = 0
    /// What this thread had used, and waited for, when scans last paid.
    private var used: UInt64 = 0
    private var files: UInt64 = 0
    /// Nanoseconds for which this thread has waited for a processor.
    private let waited: () -> UInt64

    init(waited: @escaping () -> UInt64) { self.waited = waited }

    convenience init() {
        let delay = ProcessorDelay()
        self.init { delay.nanoseconds }
    }

    /// Begins a scan.
    ///
    /// - Parameter rate: files a second; `nil` for as many as the share of a processor gives.
    func use(rate: UInt64?) {
        self.rate = rate
        files = 0
        used = total
        paidAt = max(paidAt, Clock.monotonic)
    }

    /// Ends a scan: what it has used since it last waited is to be paid before the next one goes on.
    func finish() { charge(0) }

    /// Calls `work`, which is none of the scan's.
    func leavingOut(_ work: () -> Bool) -> Bool {
        charge(0)
        defer { used = total }
        return work()
    }

    /// Sleeps a moment when the scan is ahead of its budget; returns whether it still is then.
    ///
    /// - Parameter files: that the scan has looked at so far.
    func mustWait(files: UInt64) -> Bool {
        charge(files > self.files ? files - self.files : 0)
        self.files = max(files, self.files)
        guard isAhead else { return false }
        usleep(2_000)
        return isAhead
    }

    private var isAhead: Bool { paidAt > Clock.monotonic &+ Self.burst }

    private func charge(_ newFiles: UInt64) {
        let now = total
        let byProcessor = (now > used ? now - used : 0) &* 100 / Self.share
        let byRate = rate.map { newFiles &* 1_000_000_000 / max($0, 1) } ?? 0
        used = now
        paidAt = max(paidAt, Clock.monotonic) &+ max(byProcessor, byRate)
    }

    private var total: UInt64 { Self.processorTime &+ waited() }

    /// Of this thread, nanoseconds.
    private static var processorTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
