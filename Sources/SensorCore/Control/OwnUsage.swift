internal import Glibc

/// What this process costs.
package struct OwnUsage: Equatable, Sendable {
    /// Resident kilobytes; 0 without `/proc`. The corresponding kernel definition is `VmRSS` in `/proc/PID/status`.
    package var memory: UInt64
    /// Nanoseconds of all threads. The corresponding clock is `CLOCK_PROCESS_CPUTIME_ID`.
    package var processorTime: UInt64

    package static var now: OwnUsage {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return OwnUsage(
            memory: memory, processorTime: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// `/proc/self/statm` has the resident pages as its second number.
    private static var memory: UInt64 {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(file, &bytes, bytes.count)
        let numbers = bytes.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
        guard numbers.count > 1, let pages = UInt64(String(decoding: numbers[1], as: UTF8.self)) else {
            return 0
        }
        return pages &* UInt64(max(0, sysconf(Int32(_SC_PAGESIZE)))) / 1_024
    }
}
