package import EventModel
package import FileIntegrity
internal import Glibc

/// Answers the coalescer's questions with `lstat(2)`.
package struct DiskInspector: FileInspector {
    private let overlays: OverlayDirectory

    package init(overlays: OverlayDirectory) { self.overlays = overlays }

    package func state(of path: ByteString) -> FileState? {
        var status = stat()
        var name = path.bytes.map { CChar(bitPattern: $0) }
        name.append(0)
        guard lstat(name, &status) == 0 else { return nil }
        return FileState(status)
    }

    static func isDirectory(_ path: ByteString) -> Bool {
        DiskInspector(overlays: OverlayDirectory()).state(of: path)?.type == .directory
    }

    package func lowerState(of path: ByteString) -> FileState? {
        for candidate in overlays.lowerPaths(of: path) {
            guard let found = state(of: candidate) else { continue }
            return found.isWhiteout ? nil : found
        }
        return nil
    }

    package func isOverlayWork(_ path: ByteString) -> Bool { overlays.isWorkPath(path) }
}

extension FileState {
    init(_ status: stat) {
        let mode = UInt32(status.st_mode)
        let type: FileType =
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
        self.init(
            type: type, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: UInt64(status.st_size),
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
