/// What a file event source reported, before coalescing. Several bits when the kernel merged events.
package struct FileOperations: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let created = FileOperations(rawValue: 1 << 0)
    package static let deleted = FileOperations(rawValue: 1 << 1)
    /// Both names in one event. `path` is the old, `newPath` the new.
    package static let renamed = FileOperations(rawValue: 1 << 2)
    package static let modified = FileOperations(rawValue: 1 << 3)
    package static let closedAfterWrite = FileOperations(rawValue: 1 << 4)
    package static let attributes = FileOperations(rawValue: 1 << 5)
    package static let openedForExecution = FileOperations(rawValue: 1 << 6)
    /// A rename of which this source tells only the old half (inotify, fanotify before 5.17).
    package static let movedFrom = FileOperations(rawValue: 1 << 7)
    package static let movedTo = FileOperations(rawValue: 1 << 8)
    /// The rename that brought `path` here overwrote another file.
    package static let overwroteTarget = FileOperations(rawValue: 1 << 9)
    /// An earlier `overwroteTarget` was a mistake: the object belonged to an unlink or link that followed.
    package static let overwriteRevoked = FileOperations(rawValue: 1 << 10)
    /// With `created`: the name is a further one of an object that has others.
    package static let linked = FileOperations(rawValue: 1 << 11)
}

/// A filesystem object by its file handle or inode: stable over renames, reused only with another generation.
package struct FileObjectID: Hashable, Sendable {
    /// `statfs.f_fsid` for handles, `st_dev` for inodes.
    package var filesystem: UInt64
    /// The inode number where it is known, else 0.
    package var inode: UInt64
    /// Generation, or a hash of a handle whose layout is not known.
    package var generation: UInt64

    package init(filesystem: UInt64, inode: UInt64, generation: UInt64) {
        self.filesystem = filesystem
        self.inode = inode
        self.generation = generation
    }
}

/// One event about one object below a watch, with its paths resolved.
package struct FileEvent: Sendable {
    package enum Source: String, Sendable, CaseIterable {
        case fanotify
        case inotify
        case audit
        /// No event told of it: a comparison with the baseline did.
        case scan
    }

    package var source: Source
    package var operations: FileOperations
    /// Absolute, on the host.
    package var path: ByteString
    /// The new path of a rename; `nil` for everything else.
    package var newPath: ByteString?
    package var object: FileObjectID?
    package var isDirectory: Bool
    /// 0 when the source does not tell.
    package var pid: Int32
    /// Whether a pidfd proved that `pid` had not been reaped when the event was read.
    package var wasAlive: Bool
    /// CLOCK_MONOTONIC nanoseconds: the event happened no later than this,
    package var readAt: UInt64
    /// and no earlier than this (0: not known).
    package var notBefore: UInt64

    package init(
        source: Source, operations: FileOperations, path: ByteString, newPath: ByteString? = nil,
        object: FileObjectID? = nil, isDirectory: Bool, pid: Int32, wasAlive: Bool = false, readAt: UInt64,
        notBefore: UInt64 = 0
    ) {
        self.source = source
        self.operations = operations
        self.path = path
        self.newPath = newPath
        self.object = object
        self.isDirectory = isDirectory
        self.pid = pid
        self.wasAlive = wasAlive
        self.readAt = readAt
        self.notBefore = notBefore
    }
}
