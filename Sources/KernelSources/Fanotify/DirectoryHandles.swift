internal import CFanotify
internal import EventModel
internal import Glibc
internal import KernelDecoding

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
        OwnedDescriptor(Glibc.open(cString(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK))
    }

    /// The handle of `path`, relative to `descriptor`, or of the descriptor itself when `path` is empty.
    static func handle(of descriptor: Int32, _ path: ByteString = "", filesystem: UInt64) -> FileHandle? {
        let name = cString(path)
        return withUnsafeTemporaryAllocation(byteCount: Int(CFANOTIFY_HANDLE_MAX), alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var type: Int32 = 0
            let bytes = base.assumingMemoryBound(to: UInt8.self)
            let length = cfanotify_handle_at(descriptor, name, &type, bytes)
            guard length >= 0 else { return nil }
            let span = RawSpan(_unsafeStart: base, byteCount: Int(length))
            return FileHandle(filesystem: filesystem, type: type, bytes: span)
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

    static func cString(_ path: ByteString) -> [CChar] {
        var text = path.bytes.map { CChar(bitPattern: $0) }
        text.append(0)
        return text
    }
}
