/// What a fanotify event reports. Several bits when the kernel merged events of one process and object.
///
/// The corresponding kernel definition is the `FAN_*` event bits in `linux/fanotify.h`.
package struct FanotifyMask: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let modify = FanotifyMask(rawValue: 0x2)
    package static let attrib = FanotifyMask(rawValue: 0x4)
    package static let closeWrite = FanotifyMask(rawValue: 0x8)
    package static let movedFrom = FanotifyMask(rawValue: 0x40)
    package static let movedTo = FanotifyMask(rawValue: 0x80)
    package static let create = FanotifyMask(rawValue: 0x100)
    package static let delete = FanotifyMask(rawValue: 0x200)
    /// Linux 5.0.
    package static let openExec = FanotifyMask(rawValue: 0x1000)
    package static let overflow = FanotifyMask(rawValue: 0x4000)
    /// Linux 5.16.
    package static let filesystemError = FanotifyMask(rawValue: 0x8000)
    /// Linux 5.17.
    /// `FAN_EVENT_ON_CHILD`.
    package static let onChild = FanotifyMask(rawValue: 0x800_0000)
    package static let rename = FanotifyMask(rawValue: 0x1000_0000)
    package static let onDirectory = FanotifyMask(rawValue: 0x4000_0000)
}

/// What the pidfd said about the event's process when the event was read.
package enum PidState: Equatable, Sendable {
    /// Not yet reaped.
    case alive
    /// Reaped: whoever has the pid now is somebody else.
    case gone
    /// No pidfd: an old kernel, or none could be made.
    case unknown
}

/// A directory and a name in it; the bytes of the name stay in the batch.
package struct FanotifyName: Equatable, Sendable {
    package var directory: FileHandle
    /// Where the name stands in the batch that was decoded. Empty when the kernel gave none.
    package var range: Range<Int>
}

/// One event, as the kernel wrote it. Names refer to the batch from which it was decoded.
///
/// The corresponding kernel definition is `struct fanotify_event_metadata` in `linux/fanotify.h`.
package struct FanotifyEvent: Equatable, Sendable {
    package var mask: FanotifyMask
    /// The thread group id in the reader's pid namespace; 0 for processes outside of it.
    package var pid: Int32
    package var pidState: PidState = .unknown
    /// The parent directory and the name in it; for a rename the old ones.
    package var name: FanotifyName?
    /// The new directory and name of a rename.
    package var newName: FanotifyName?
    /// The object itself.
    package var object: FileHandle?
    /// `errno` and count of a filesystem error.
    package var filesystemError: Int32?
    package var filesystemErrorCount: UInt32 = 0

    package var isOverflow: Bool { mask.contains(.overflow) }
    package var isDirectory: Bool { mask.contains(.onDirectory) }

    package init(mask: FanotifyMask, pid: Int32) {
        self.mask = mask
        self.pid = pid
    }
}
