internal import Baseline
internal import EventModel

/// Large files whose content is read later, and not too often: when it takes one second, then not again for fifty, a
/// minute at least. One thread owns it. Times are CLOCK_MONOTONIC nanoseconds.
struct DigestPace {
    /// Bytes; smaller files are read at each change.
    static let small = ScanOptions.mostAtOnce
    private static let shortest: UInt64 = 60_000_000_000
    private static let longest: UInt64 = 86_400_000_000_000
    /// Paths that are remembered at most.
    private static let limit = 1_024

    struct Task {
        var path: ByteString
        /// What its digest was before changes that told nothing of the content.
        var known: SHA256Digest?
    }

    /// Until when files are left alone that have been read.
    private var resting: [ByteString: UInt64] = [:]
    private var due: [ByteString: (at: UInt64, known: SHA256Digest?)] = [:]

    /// Whether the file has not been read lately.
    func mayRead(_ path: ByteString, now: UInt64) -> Bool { resting[path].map { $0 <= now } ?? true }

    /// Has the file read as soon as it has rested; `false` when too many wait.
    ///
    /// - Parameter known: what its digest was, when nothing was told of its content; `nil` when its content has changed.
    mutating func putOff(_ path: ByteString, known: SHA256Digest?, now: UInt64) -> Bool {
        guard due[path] != nil || due.count < Self.limit else { return false }
        due[path] = (max(resting[path] ?? now, now), known)
        return true
    }

    /// Whether a file may be read now that waits.
    func isReady(now: UInt64) -> Bool { due.contains { $0.value.at <= now } }

    func isDue(_ path: ByteString) -> Bool { due[path] != nil }

    /// What it is to be compared with that waits already; `nil` when nothing does.
    func known(of path: ByteString) -> SHA256Digest? { due[path]?.known }

    /// The content has been read, in `took` nanoseconds.
    ///
    /// - Parameter isDone: whether there is a digest. When not, the file goes on waiting if it did.
    mutating func note(_ path: ByteString, took: UInt64, isDone: Bool, now: UInt64) {
        let end = now &+ min(max(took.multipliedClamped(by: 50), Self.shortest), Self.longest)
        if resting.count >= Self.limit { resting = resting.filter { $0.value > now } }
        if resting.count < Self.limit { resting[path] = end }
        if isDone { due[path] = nil } else { due[path]?.at = end }
    }

    /// The file that has waited longest of those that have rested, taken out.
    mutating func popDue(now: UInt64) -> Task? {
        guard let first = due.min(by: { $0.value.at < $1.value.at }), first.value.at <= now else {
            return nil
        }
        due[first.key] = nil
        return Task(path: first.key, known: first.value.known)
    }
}

extension UInt64 {
    fileprivate func multipliedClamped(by factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
