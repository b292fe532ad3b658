package import EventModel

/// How a scan goes about it.
package struct ScanOptions: Sendable {
    /// The content of larger files is not read. Bytes.
    package var digestLimit: UInt64 = 1 << 30
    /// What is kept of the content beside its SHA-256; missing ones are added in silence.
    package var digests: DigestSet = []
    package var excludes: [PathPattern] = []
    /// Directories below a root that are entered: 0 for none.
    package var maximumDepth = Int.max
    /// What the configuration says of each path; instead of the three above.
    package var rules: WatchRules?
    /// A digest of `rules`. What is new to a baseline that was taken by others was there before: it is taken in
    /// silence. `nil` for whatever holds.
    package var rulesDigest: UInt64?
    /// Reads the content also of files that look the same: finds what was written past the filesystem.
    package var rereads = false
    /// Writes what is found into the baseline.
    package var updates = true
    /// Threads beside that of the scan which digest files when all of a directory are read.
    package var helpers = 0

    /// The content of larger files is read in parts, with pauses in between. Bytes.
    package static let mostAtOnce: UInt64 = 16 << 20

    package init() {}

    /// Whether it is a file whose content is to be read, but not at once.
    func isLarge(_ attributes: FileAttributes, at path: ByteString) -> Bool {
        attributes.type == .file && attributes.size > Self.mostAtOnce
            && attributes.size <= digestLimit(for: path)
    }

    /// Whether every file is meant, whatever its path.
    var meansAll: Bool { excludes.isEmpty && rules == nil }

    /// Whether digests that are asked for are not in a record.
    func misses(_ known: FileAttributes) -> Bool {
        known.type == .file && !(known.furtherDigests?.set.isSuperset(of: digests) ?? false)
    }

    func keeps(_ path: ByteString) -> Bool {
        rules?.keeps(path) ?? !excludes.contains { $0.matches(path) }
    }

    /// Up to which size the content of a file that is new is read at once; `nil` for one that is not meant.
    func limitOfNew(_ path: ByteString) -> UInt64? {
        keeps(path) ? min(digestLimit(for: path), Self.mostAtOnce) : nil
    }

    func enters(_ path: ByteString, depth: Int) -> Bool { rules?.enters(path) ?? (depth < maximumDepth) }

    func digestLimit(for path: ByteString) -> UInt64 { rules?.rule(for: path)?.digestLimit ?? digestLimit }
}

/// What a scan did.
package struct ScanResult: Equatable, Sendable {
    package var files: UInt64 = 0
    package var directories: UInt64 = 0
    /// Files whose content was read.
    package var read: UInt64 = 0
    /// Files that are new in a baseline that was being taken.
    package var taken: UInt64 = 0
    package var changes: UInt64 = 0
    /// Differences of which events may still tell.
    package var deferred: UInt64 = 0
    package var unreadable: UInt64 = 0
    /// A directory that has too many names to be listed.
    package var tooLarge: ByteString?

    package init() {}
}
