/// How long to wait before a source is opened again: not at all, then 1, 2, 4 … 60 seconds.
struct Backoff {
    private var attempts = 0
    private var last: UInt64 = 0

    private static let second: UInt64 = 1_000_000_000
    private static let longest = 60 * second

    /// Nanoseconds from `now` (CLOCK_MONOTONIC nanoseconds) to the next attempt. After two quiet minutes it starts
    /// anew.
    mutating func delay(at now: UInt64) -> UInt64 {
        if now &- last > 2 * Self.longest { attempts = 0 }
        defer { attempts += 1 }
        let delay = attempts == 0 ? 0 : min(Self.second << UInt64(min(attempts - 1, 6)), Self.longest)
        last = now &+ delay
        return delay
    }
}
