internal import EventModel

/// Keeps large files that change all the time from being read each time: their digests wait until a pause is over. One
/// thread owns it. Times are CLOCK_MONOTONIC nanoseconds.
struct DigestPace {
    /// Bytes; smaller files are read at each change.
    static let small: UInt64 = 16 << 20
    /// A second for each 16 MiB, a minute at least.
    private static func pause(_ size: UInt64) -> UInt64 { max(60, size >> 24) &* 1_000_000_000 }
    /// Paths that are remembered at most; beyond, files are read.
    private static let limit = 256
    private var readAt: [ByteString: UInt64] = [:]
    private var due: [ByteString: UInt64] = [:]

    /// Whether the file, which has changed, is to be read now. When not, `popDue` gives it later.
    mutating func mayRead(_ path: ByteString, size: UInt64, now: UInt64) -> Bool {
        guard size > Self.small else { return true }
        let pause = Self.pause(size)
        if let last = readAt[path], now &- last < pause, due[path] != nil || due.count < Self.limit {
            due[path] = last &+ pause
            return false
        }
        if readAt.count >= Self.limit { readAt = readAt.filter { now &- $0.value < Self.pause(0) } }
        if readAt.count < Self.limit { readAt[path] = now }
        due[path] = nil
        return true
    }

    /// A file whose pause is over, taken out.
    mutating func popDue(now: UInt64) -> ByteString? {
        guard let path = due.first(where: { $0.value <= now })?.key else { return nil }
        due[path] = nil
        readAt[path] = now
        return path
    }
}
