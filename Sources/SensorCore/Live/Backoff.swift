/// How long to wait before something is tried again: not at all when `isAtOnce`, then `shortest`, twice that, and so on up to
/// `longest`. Nanoseconds.
struct Backoff {
    var isAtOnce = true
    var shortest: UInt64 = 1_000_000_000
    var longest: UInt64 = 60_000_000_000
    private var attempts = 0
    private var last: UInt64 = 0

    init() {}

    init(from shortest: UInt64, to longest: UInt64) {
        (isAtOnce, self.shortest, self.longest) = (false, shortest, longest)
    }

    /// Nanoseconds from `now` (CLOCK_MONOTONIC nanoseconds) to the next attempt. When nothing was to be tried for twice
    /// the longest wait it starts anew.
    mutating func delay(at now: UInt64) -> UInt64 {
        if now > last, now - last > 2 * longest { attempts = 0 }
        defer { attempts += 1 }
        let doublings = isAtOnce ? attempts - 1 : attempts
        let delay = doublings < 0 ? 0 : min(shortest << UInt64(min(doublings, 6)), longest)
        last = now &+ delay
        return delay
    }
}
