internal import Glibc

/// Keeps scans within their share of a processor and their files a second. One thread owns it.
///
/// Time in which the thread waited for a processor counts as if it had used it: when others want the processors, scans
/// take less of them.
package final class ScanBudget {
    /// Per cent of one processor.
    private var share: UInt64 = 50
    /// Processor time of threads that help.
    private var helperTime: () -> UInt64 = { 0 }
    /// Processor time that small scans have for free, nanoseconds.
    private static let burst: UInt64 = 100_000_000
    private var rate: UInt64?
    /// When what scans have used so far is paid for. CLOCK_MONOTONIC nanoseconds.
    private var paidAt: UInt64 = 0
    /// What this thread and those that help had used, and waited for, when scans last paid.
    private var used: UInt64 = 0
    private var files: UInt64 = 0
    /// Nanoseconds for which this thread has waited for a processor.
    private let waited: () -> UInt64

    init(waited: @escaping () -> UInt64) { self.waited = waited }

    package convenience init() {
        let delay = ProcessorDelay()
        self.init { delay.nanoseconds }
    }

    /// Begins a scan.
    ///
    /// - Parameter share: per cent of one processor.
    /// - Parameter helperTime: processor time of threads that help, nanoseconds.
    /// - Parameter rate: files a second; `nil` for as many as the share of a processor gives.
    package func use(
        rate: UInt64?, share: UInt64 = 50, helperTime: @escaping () -> UInt64 = { 0 }
    ) {
        self.rate = rate
        self.share = max(share, 1)
        self.helperTime = helperTime
        files = 0
        used = total
        paidAt = max(paidAt, Clock.monotonic)
    }

    /// Ends a scan: what it has used since it last waited is to be paid before the next one goes on.
    func finish() { charge(0) }

    /// Calls `work`, which is none of the scan's.
    func leavingOut(_ work: () -> Bool) -> Bool {
        charge(0)
        // What the helpers do meanwhile is the scan's.
        let helped = helperTime()
        defer { used = Self.processorTime &+ waited() &+ helped }
        return work()
    }

    /// Sleeps a moment when the scan is ahead of its budget; returns whether it still is then.
    ///
    /// - Parameter files: that the scan has looked at so far.
    package func mustWait(files: UInt64) -> Bool {
        charge(files > self.files ? files - self.files : 0)
        self.files = max(files, self.files)
        guard isAhead else { return false }
        usleep(2_000)
        return isAhead
    }

    private var isAhead: Bool { paidAt > Clock.monotonic &+ Self.burst }

    private func charge(_ newFiles: UInt64) {
        let now = total
        let byProcessor = (now > used ? now - used : 0) &* 100 / share
        let byRate = rate.map { newFiles &* 1_000_000_000 / max($0, 1) } ?? 0
        used = now
        paidAt = max(paidAt, Clock.monotonic) &+ max(byProcessor, byRate)
    }

    private var total: UInt64 { Self.processorTime &+ waited() &+ helperTime() }

    /// Threads beside that of the scan which a share can make use of.
    package static func helpers(share: UInt64) -> Int {
        share <= 100 ? 0 : min(Int((share &+ 99) / 100) - 1, DigestHelpers.most)
    }

    /// What the host has, per cent of one processor.
    package static var mostShare: UInt64 { UInt64(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)) &* 100 }

    /// Of this thread, nanoseconds.
    static var processorTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
