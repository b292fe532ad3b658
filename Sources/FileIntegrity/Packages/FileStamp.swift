internal import EventModel
internal import Glibc

/// Which state of which file: whatever changes a file's content changes its stamp.
struct FileStamp: Equatable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var modified: UInt64
    var changed: UInt64
    private var mode: UInt32

    /// Of what is open as `descriptor`.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// - Parameter follows: tells about the target of a symbolic link.
    init?(path: ByteString, follows: Bool = true) {
        var status = stat()
        let flags = follows ? 0 : AT_SYMLINK_NOFOLLOW
        guard fstatat(AT_FDCWD, path.zeroTerminated, &status, flags) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        mode = status.st_mode
    }

    var type: FileType { FileType(mode: mode) }

    private static func nanoseconds(_ time: timespec) -> UInt64 {
        UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}

extension ByteString {
    /// This path of the host, as this process reaches it when the host's root is at `root`.
    func below(_ root: ByteString) -> ByteString { root == "/" ? self : ByteString(root.bytes + bytes) }
}
