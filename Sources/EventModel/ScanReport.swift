/// A scan of one watched tree that has ended: from then on the baseline is true for it again.
package struct ScanReport: Equatable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        /// The sensor started: what changed while it was down.
        case start
        case periodic
        /// Events were lost.
        case gap
        /// A file has changed that has further names: hard links.
        case links
        /// Somebody asked for it.
        case request
        /// The database was damaged or gone, and begins anew.
        case renewal
    }

    package var root: ByteString
    package var reason: Reason
    /// Nanoseconds since 1970.
    package var from: UInt64
    package var to: UInt64
    package var files: UInt64
    /// Files whose content was read.
    package var read: UInt64
    /// Differences that no event had told of.
    package var changes: UInt64
    package var unreadable: UInt64
    /// The tree was taken into the baseline for the first time: nothing could be compared.
    package var isFirst: Bool

    package init(
        root: ByteString, reason: Reason, from: UInt64, to: UInt64, files: UInt64, read: UInt64,
        changes: UInt64, unreadable: UInt64, isFirst: Bool
    ) {
        self.root = root
        self.reason = reason
        self.from = from
        self.to = to
        self.files = files
        self.read = read
        self.changes = changes
        self.unreadable = unreadable
        self.isFirst = isFirst
    }
}
