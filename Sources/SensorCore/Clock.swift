internal import Glibc

/// The kernel's clocks, in nanoseconds.
package enum Clock {
    /// CLOCK_MONOTONIC: stands still while the machine sleeps, never set.
    package static var monotonic: UInt64 { now(CLOCK_MONOTONIC) }
    /// CLOCK_REALTIME: since 1970, may be set.
    package static var realtime: UInt64 { now(CLOCK_REALTIME) }
    /// CLOCK_BOOTTIME minus CLOCK_MONOTONIC: the time that the machine has slept.
    package static var bootOffset: UInt64 {
        let (boot, running) = (now(CLOCK_BOOTTIME), monotonic)
        return boot > running ? boot - running : 0
    }

    /// The time of day of `time` (nanoseconds since 1970), for people: `07:08:09 UTC`.
    static func timeOfDay(_ time: UInt64) -> String {
        let seconds = time / 1_000_000_000 % 86_400
        let parts = [seconds / 3_600, seconds / 60 % 60, seconds % 60]
        return parts.map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":") + " UTC"
    }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
