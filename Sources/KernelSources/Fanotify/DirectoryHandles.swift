internal import CFanotify
package import EventModel
internal import Glibc
package import KernelDecoding

/// An open descriptor that closes itself.
struct OwnedDescriptor: ~Copyable {
    let value: Int32
    /// `nil` for a result that says `-errno`.
    init?(_ value: Int32) {
        guard value >= 0 else { return nil }
        self.value = value
    }
    deinit { close(value) }
}

/// The calls that turn handles into descriptors and back. All take host paths.
enum DirectoryHandles {
    /// A descriptor of the directory at `path`, good as a mount descriptor for handles (O_PATH is
    /// refused there). It is closed soon: held open, it would keep the mount busy.
    static func openDirectory(_ path: ByteString) -> OwnedDescriptor? {
        OwnedDescriptor(Glibc.open(path.zeroTerminated, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW))
    }

    /// The handle of `path`, relative to `descriptor`, or of the descriptor itself when `path` is empty, with
    /// the mount that it was found on.
    static func locate(
        _ descriptor: Int32, _ path: ByteString = "", filesystem: UInt64
    ) -> (handle: FileHandle, mount: Int32)? {
        let name = path.zeroTerminated
        return withUnsafeTemporaryAllocation(byteCount: Int(CFANOTIFY_HANDLE_MAX), alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var (type, mount): (Int32, Int32) = (0, 0)
            let bytes = base.assumingMemoryBound(to: UInt8.self)
            let length = cfanotify_handle_at(descriptor, name, &type, bytes, &mount)
            guard length >= 0 else { return nil }
            let span = RawSpan(_unsafeStart: base, byteCount: Int(length))
            return FileHandle(filesystem: filesystem, type: type, bytes: span).map { ($0, mount) }
        }
    }

    /// Opens the object that `handle` names; `nil` when it is gone.
    static func open(_ handle: FileHandle, on mount: Int32) -> OwnedDescriptor? {
        let bytes = handle.bytes
        return OwnedDescriptor(cfanotify_open_handle(mount, handle.type, bytes, UInt32(bytes.count)))
    }

    /// Replaces an open directory by its parent; `false`, and nothing changed, when that is refused.
    static func climb(_ descriptor: inout Int32) -> Bool {
        let parent = cfanotify_open_parent(descriptor)
        guard parent >= 0 else { return false }
        close(descriptor)
        descriptor = parent
        return true
    }

    static func filesystem(of descriptor: Int32) -> UInt64? {
        var filesystem: UInt64 = 0
        return cfanotify_fsid_of(descriptor, &filesystem) == 0 ? filesystem : nil
    }

    /// Where the kernel says that an open object is; `nil` when it is deleted or has no path.
    static func path(of descriptor: Int32) -> ByteString? {
        let link = "/proc/self/fd/\(descriptor)"
        let path = withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 1) { buffer -> [UInt8]? in
            guard let base = buffer.baseAddress else { return nil }
            let got = readlink(link, base.assumingMemoryBound(to: CChar.self), buffer.count)
            guard got > 0, got < buffer.count else { return nil }
            return Array(UnsafeRawBufferPointer(start: base, count: got))
        }
        guard let path, path.first == UInt8(ascii: "/"), !path.reversed().starts(with: deletedSuffix) else {
            return nil
        }
        return ByteString(path)
    }

    /// " (deleted)", backwards.
    private static let deletedSuffix = Array(" (deleted)".utf8.reversed())

    /// The directories in `path` that are on the mount `mount`, by name. Empty when it cannot be read.
    static func subdirectories(
        of path: ByteString, filesystem: UInt64, mount: Int32
    ) -> [(name: ByteString, handle: FileHandle)] {
        let descriptor = Glibc.open(path.zeroTerminated, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return [] }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return []
        }
        defer { closedir(stream) }
        var found: [(name: ByteString, handle: FileHandle)] = []
        while let entry = readdir(stream) {
            guard let name = directoryName(entry, in: descriptor),
                let located = locate(descriptor, name, filesystem: filesystem), located.mount == mount
            else { continue }
            found.append((name, located.handle))
        }
        return found
    }

    /// The name of an entry that is a directory, and not `.` or `..`.
    private static func directoryName(
        _ entry: UnsafeMutablePointer<dirent>, in descriptor: Int32
    ) -> ByteString? {
        let type = Int(entry.pointee.d_type)
        guard type == Int(DT_DIR) || type == Int(DT_UNKNOWN) else { return nil }
        let name = name(of: entry)
        if name == "." || name == ".." { return nil }
        if type == Int(DT_UNKNOWN) {
            var status = stat()
            guard fstatat(descriptor, name.zeroTerminated, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFDIR
            else { return nil }
        }
        return name
    }

    /// The name of a directory entry.
    static func name(of entry: UnsafeMutablePointer<dirent>) -> ByteString {
        // By address: the record ends with its name, and is shorter than the structure.
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self)
        let count = strnlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self), 256)
        return ByteString(Array(UnsafeBufferPointer(start: start, count: count)))
    }

}

extension FileHandle {
    /// The handle of an existing directory, as fanotify would report it.
    package init?(ofDirectory path: ByteString) {
        guard let descriptor = DirectoryHandles.openDirectory(path),
            let filesystem = DirectoryHandles.filesystem(of: descriptor.value),
            let found = DirectoryHandles.locate(descriptor.value, filesystem: filesystem)
        else { return nil }
        self = found.handle
    }
}
