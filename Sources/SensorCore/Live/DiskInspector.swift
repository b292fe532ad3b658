internal import EventModel
internal import FileIntegrity
internal import Glibc
internal import KernelSources

/// Answers the coalescer's questions with `lstat(2)`.
struct DiskInspector: FileInspector {
    private let containers: ContainerDirectory

    init(containers: ContainerDirectory) { self.containers = containers }

    func state(of path: ByteString) -> FileState? { FileState(path) }

    func lowerState(of path: ByteString) -> FileState? {
        for candidate in containers.lowerPaths(of: path) {
            guard let found = state(of: candidate) else { continue }
            return found.isWhiteout ? nil : found
        }
        return nil
    }

    func isOverlayWork(_ path: ByteString) -> Bool { containers.isWorkPath(path) }

    func overlayAttributes(of path: ByteString) -> VisibleAttributes? {
        containers.containerPath(of: path) == nil ? nil : attributes(of: path)
    }

    func lowerAttributes(of path: ByteString) -> VisibleAttributes? {
        containers.lowerPaths(of: path).lazy.compactMap { attributes(of: $0) }.first
    }

    private func attributes(of path: ByteString) -> VisibleAttributes? {
        guard let state = state(of: path),
            let extended = ExtendedAttributes.digest(of: path, except: "trusted.overlay.")
        else { return nil }
        return VisibleAttributes(
            mode: state.mode, owner: state.owner, group: state.group, extended: extended)
    }
}

extension FileState {
    /// What stands at `path` now, symbolic links not followed.
    init?(_ path: ByteString) {
        var status = stat()
        let result = path.bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { name in
                for (index, byte) in bytes.enumerated() { name[index] = CChar(bitPattern: byte) }
                name[bytes.count] = 0
                return name.baseAddress.map { lstat($0, &status) } ?? -1
            }
        }
        guard result == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        let mode = UInt32(status.st_mode)
        let type = FileType(mode: mode)
        self.init(
            type: type, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            size: UInt64(status.st_size),
            mode: mode & 0o7777, owner: status.st_uid, group: status.st_gid, links: UInt32(status.st_nlink),
            modified: FileState.nanoseconds(status.st_mtim), changed: FileState.nanoseconds(status.st_ctim),
            isWhiteout: type == .characterDevice && status.st_rdev == 0)
    }

    private static func nanoseconds(_ time: timespec) -> UInt64 {
        let total = time.tv_sec.multipliedReportingOverflow(by: 1_000_000_000)
        guard !total.overflow, total.partialValue >= 0 else { return 0 }
        return UInt64(total.partialValue) &+ UInt64(time.tv_nsec)
    }
}
