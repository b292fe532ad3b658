internal import EventModel

/// The index of who may have which path, and the one before it, which knows who had what is gone.
struct OwnerHistory {
    private let scratch: ByteString
    private var index: OwnerIndex?
    private var previous: OwnerIndex?
    private var indexed: [FileStamp?]?
    /// When the index may not be made again, nanoseconds since 1970.
    private var pause: ClosedRange<UInt64>?

    init(scratch: ByteString) { self.scratch = scratch }

    var isEmpty: Bool { index == nil }

    /// Paths that found no room.
    var unindexed: Int { index?.unindexed ?? 0 }

    /// Whether it shows the database whose files have these stamps.
    func isCurrent(_ stamp: [FileStamp?]) -> Bool { stamp == indexed }

    /// Whether it would not be made again now; a clock that was set back does not hold it up.
    func isPausing(_ now: UInt64) -> Bool { pause?.contains(now) ?? false }

    /// Makes the index again when the database has changed and it is time.
    mutating func update(_ stamp: [FileStamp?], _ now: UInt64, _ make: (_ scratch: ByteString) -> OwnerIndex?)
    {
        guard !isCurrent(stamp), !isPausing(now) else { return }
        let before = monotonicTime()
        let new = make(scratch)
        // At most a twentieth of one processor, however large the database is.
        let length = max(5_000_000_000, 20 * (monotonicTime() &- before))
        pause = now...max(now, now &+ length)
        guard let new else { return }
        (previous, index) = (index, new)
        // Two states within one tick of the filesystem's clock have one stamp: it is made again after that tick.
        let changed = stamp.compactMap { $0?.changed }.max() ?? 0
        indexed = now >= changed && now - changed < 20_000_000 ? nil : stamp
    }

    /// Packages that may have the path with this key, at most four; else those that may have had it before.
    func packages(of key: UInt64) -> [ByteString] {
        let found = index?.packages(of: key) ?? []
        return found.isEmpty ? previous?.packages(of: key) ?? [] : found
    }
}
