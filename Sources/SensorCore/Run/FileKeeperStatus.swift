internal import EventModel

/// What the file integrity module says of itself.
struct FileKeeperStatus: Sendable {
    /// `nil` until the database has been opened for the first time.
    var state: CoverageState?
    var advice = ""
    /// Changes that events told of, those that scans found, and those that the configuration leaves out.
    var changes: UInt64 = 0
    var found: UInt64 = 0
    var excluded: UInt64 = 0
    /// The scan under way, and how far it is.
    var scanning: (root: ByteString, files: UInt64)?
    /// The last complete scan of each root.
    var scanned: [ByteString: ScanReport] = [:]
    /// Nothing is to be scanned, looked at again or written.
    var isSettled = false
}
