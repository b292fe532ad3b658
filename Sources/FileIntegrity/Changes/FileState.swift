package import EventModel

/// What `statx(2)` says of a path now.
package struct FileState: Equatable, Sendable {
    package var type: FileType
    package var device: UInt64
    package var inode: UInt64
    package var size: UInt64
    package var mode: UInt32
    package var owner: UInt32
    package var group: UInt32
    package var links: UInt32
    /// Nanoseconds since 1970.
    package var modified: UInt64
    package var changed: UInt64
    /// A character device 0:0: overlayfs's mark for "deleted from the lower layer".
    package var isWhiteout: Bool

    package init(
        type: FileType, device: UInt64, inode: UInt64, size: UInt64, mode: UInt32, owner: UInt32,
        group: UInt32,
        links: UInt32, modified: UInt64, changed: UInt64, isWhiteout: Bool
    ) {
        self.type = type
        self.device = device
        self.inode = inode
        self.size = size
        self.mode = mode
        self.owner = owner
        self.group = group
        self.links = links
        self.modified = modified
        self.changed = changed
        self.isWhiteout = isWhiteout
    }
}

/// The questions that coalescing asks the disk. A protocol so that recorded streams can be replayed without one.
package protocol FileInspector {
    /// The object at `path` itself, symbolic links not followed; `nil` when there is none.
    func state(of path: ByteString) -> FileState?

    /// The object that an overlay's lower layers hold for a path in its upper layer; `nil` for everything else.
    func lowerState(of path: ByteString) -> FileState?

    /// Whether `path` lies in the work directory of an overlay: scratch space of the kernel's own.
    func isOverlayWork(_ path: ByteString) -> Bool

    /// What users see of a directory in an overlay's upper layer, but for its times; `nil` for everything else.
    func overlayAttributes(of path: ByteString) -> VisibleAttributes?

    /// The same of the directory that a lower layer holds for it.
    func lowerAttributes(of path: ByteString) -> VisibleAttributes?
}

/// What users see of a file's attributes, but for its times.
package struct VisibleAttributes: Equatable, Sendable {
    package var mode: UInt32
    package var owner: UInt32
    package var group: UInt32
    /// Of all extended attributes but overlayfs's own.
    package var extended: UInt64

    package init(mode: UInt32, owner: UInt32, group: UInt32, extended: UInt64) {
        self.mode = mode
        self.owner = owner
        self.group = group
        self.extended = extended
    }
}
