internal import Glibc
package import KernelSources

/// How alerts are kept.
package struct AlertFileOptions: Sendable {
    /// Bytes at which a file is rotated: no file grows beyond, unless by one batch of lines (64 KiB). `nil` leaves
    /// it to somebody else, who calls for `reopen`.
    package var largest: Int? = 100 << 20
    /// Rotated files that are kept, `alerts.json.1` being the newest; at least one.
    package var kept = 10
    /// Whether a line is acknowledged once it is on disk, not just in the kernel's cache.
    package var sync = true
    /// The most bytes that wait for the disk. More is lost, and a gap event says so.
    package var limit = 1 << 20
    /// Has a file on disk as `fdatasync(2)` does; tests have it fail.
    var flush: @Sendable (Int32) -> Int32 = { fdatasync($0) }

    package init() {}
}

/// What has happened to the alert file so far.
package struct AlertFileStatus: Equatable, Sendable {
    /// Why nothing can be written at the moment; it is tried again.
    package var trouble: KernelError?
    /// Why the file could not be rotated when that was last due, or not made anew at its path. Lines go on into the
    /// one that is open.
    package var rotationTrouble: KernelError?
    package var rotations: UInt64 = 0
    /// How often somebody else moved the file away, or put another one in its place.
    package var moved: UInt64 = 0
    /// How often somebody else deleted the file. What was in it is gone, except for lines not acknowledged by then.
    package var removed: UInt64 = 0
    /// How often somebody else cut the file short.
    package var emptied: UInt64 = 0
    /// Bytes of a line without an end that a kill had left, and that were cut off.
    package var healed: UInt64 = 0
    /// Files in whose last 16 MB no line ended: not ours to cut, they were moved away as a rotation does.
    package var setAside: UInt64 = 0
}
