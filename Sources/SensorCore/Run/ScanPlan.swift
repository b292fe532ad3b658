internal import EventModel

/// What is to be scanned, and when. Makes no calls; times are CLOCK_MONOTONIC nanoseconds.
struct ScanPlan {
    struct Task: Equatable {
        var root: ByteString
        var reason: ScanReport.Reason
    }

    /// So long after the last loss of events what it affected is scanned: until then more are expected.
    static let quiet: UInt64 = 2_000_000_000
    /// So long after the first at the latest.
    static let patience: UInt64 = 60_000_000_000

    private let roots: [ByteString]
    /// Nanoseconds between two scans of everything; `nil` for none.
    private var interval: UInt64?
    private var queue: [Task] = []
    private var nextPeriodic: UInt64?
    private var gap: (first: UInt64, last: UInt64)?
    /// Names of changed files are to be found by then.
    private var otherNames: UInt64?
    private var lastSearch: UInt64 = 0
    /// Between two searches for other names of changed files.
    private static let searchEvery: UInt64 = 60_000_000_000

    /// - Parameter startsAt: when the first periodic scan may come, one interval later.
    init(roots: [ByteString], interval: UInt64?, startsAt now: UInt64) {
        self.roots = roots
        self.interval = interval
        nextPeriodic = interval.map { now &+ $0 }
    }

    /// Scans that are due or under way, or wait for losses to end.
    var isIdle: Bool { queue.isEmpty && gap == nil && otherNames == nil }

    /// Goes by another interval from now on.
    mutating func use(interval: UInt64?, now: UInt64) {
        guard interval != self.interval else { return }
        self.interval = interval
        nextPeriodic = interval.map { now &+ $0 }
    }

    /// Asks for scans of `root`, or of all.
    mutating func request(_ root: ByteString? = nil, reason: ScanReport.Reason) {
        for root in root.map({ [$0] }) ?? roots where !queue.contains(where: { $0.root == root }) {
            queue.append(Task(root: root, reason: reason))
        }
    }

    /// Events were lost: nobody knows which.
    mutating func noteGap(at now: UInt64) { gap = (gap?.first ?? now, now) }

    /// A file has changed that has other names.
    mutating func noteOtherNames(at now: UInt64) {
        if otherNames == nil { otherNames = max(now &+ Self.quiet, lastSearch &+ Self.searchEvery) }
    }

    /// The next scan that is due, taken out.
    mutating func next(now: UInt64) -> Task? {
        if let gap, now >= gap.last &+ Self.quiet || now >= gap.first &+ Self.patience {
            self.gap = nil
            request(reason: .gap)
        }
        if let due = nextPeriodic, let interval, now >= due {
            nextPeriodic = now &+ interval
            request(reason: .periodic)
        }
        if let due = otherNames, now >= due {
            (otherNames, lastSearch) = (nil, now)
            request(reason: .links)
        }
        return queue.isEmpty ? nil : queue.removeFirst()
    }
}
