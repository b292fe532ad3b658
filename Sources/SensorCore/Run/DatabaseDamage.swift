internal import Baseline

/// Tells a database that is lost from one that works again later.
struct DatabaseDamage {
    private var failures = 0
    private var last: UInt64 = 0

    /// So often in a row the disk may fail to read.
    private static let most = 3
    /// Nanoseconds after which a failure is no more of the same row.
    private static let memory: UInt64 = 1_200_000_000_000

    /// Whether waiting does not help: what the disk could not read three times is lost.
    ///
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds.
    mutating func isCertain(_ error: DatabaseError, now: UInt64) -> Bool {
        guard error.isReadFailure else { return error.isCorrupt }
        failures = now &- last <= Self.memory ? failures + 1 : 1
        last = now
        if failures < Self.most { return false }
        failures = 0
        return true
    }
}
