/// What happened to a file, as one user action shows itself.
package enum ChangeKind: String, Sendable, CaseIterable {
    case created
    case modified
    case attributes
    case deleted
    case renamed
    /// New content under an old name: write-temp-and-rename, O_TMPFILE and link, unlink and create, exchange.
    case replaced
    /// A further name for an existing file.
    case linked
    /// Came and went within the settle window.
    case transient
}

package enum FileType: String, Sendable, CaseIterable {
    case file
    case directory = "dir"
    case symlink
    case fifo
    case socket
    case characterDevice = "char_device"
    case blockDevice = "block_device"
    case unknown
}

extension FileType {
    /// Of `st_mode`.
    package init(mode: UInt32) {
        self =
            switch mode & 0o170000 {
            case 0o100000: .file
            case 0o040000: .directory
            case 0o120000: .symlink
            case 0o010000: .fifo
            case 0o140000: .socket
            case 0o020000: .characterDevice
            case 0o060000: .blockDevice
            default: .unknown
            }
    }
}

/// One change of one file: what, where, when, who.
package struct FileChange: Sendable {
    package var kind: ChangeKind
    /// Absolute, on the host. The new path of a rename.
    package var path: ByteString
    /// The old path of a rename, the existing name of a new link where it is known.
    package var previousPath: ByteString?
    /// The path inside the container, where the file belongs to one.
    package var containerPath: ByteString?
    /// The container layer that the file lies in.
    package var layer: ContainerLayer?
    package var type: FileType
    package var inode: UInt64?
    package var device: UInt64?
    package var size: UInt64?
    package var mode: UInt32?
    package var owner: UInt32?
    package var group: UInt32?
    /// Nanoseconds since 1970 (CLOCK_REALTIME), of the last event that belongs to the change.
    package var time: UInt64
    package var attribution: Attribution?
    package var source: FileEvent.Source
    /// Scratch files of the same action that came and went (editor backups, lock files), with their full paths.
    package var scratchPaths: [ByteString]
    /// Further aspects of the same action: an attribute change with a modification, an overwritten target of a rename.
    package var alsoChangedAttributes: Bool
    package var overwroteTarget: Bool
    /// What the baseline had of the file before, and what it has now.
    package var before: FileAttributes?
    package var after: FileAttributes?
    /// The content is read later: `after` has no digest yet, whether or not it has changed.
    package var isDigestDeferred = false
    /// How its content changed, where the baseline kept the content from before.
    package var contentDiff: UnifiedDiff?
    /// No event told of the change, a scan found it: it happened in this interval, nanoseconds since 1970.
    package var interval: ClosedRange<UInt64>?
    /// What the configuration says of the watch that the file belongs to; `nil` where there is no configuration.
    package var severity: Severity?
    package var tags: [String] = []
    /// What the package database says about it; `nil` when no package has to do with it, or it was not asked.
    package var package: PackageVerdict?

    package init(kind: ChangeKind, path: ByteString, type: FileType, time: UInt64, source: FileEvent.Source) {
        self.kind = kind
        self.path = path
        self.type = type
        self.time = time
        self.source = source
        scratchPaths = []
        alsoChangedAttributes = false
        overwroteTarget = false
    }
}
