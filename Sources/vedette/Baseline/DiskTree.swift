internal import Baseline
internal import EventModel
internal import FileReading
internal import KernelSources

/// The disk, for a scan.
final class DiskTree: FileTree {
    private let reader: DirectoryReader

    /// - Throws: `KernelError` with `ENOMEM`.
    init() throws(KernelError) { reader = try DirectoryReader() }

    func list(_ directory: ByteString) -> Int32 {
        do throws(KernelError) {
            try reader.open(directory)
            return 0
        } catch {
            return error.errno
        }
    }

    var count: Int { reader.count }
    func name(at position: Int) -> ByteString { reader.name(at: position) }

    func compareName(at position: Int, with other: ByteString) -> Int {
        reader.compareName(at: position, with: other)
    }

    func status(at position: Int) -> FileAttributes? { reader.status(at: position) }

    func complete(
        _ attributes: inout FileAttributes, at position: Int, digestLimit: UInt64, settles: Bool
    ) -> Bool {
        reader.complete(&attributes, at: position, digestLimit: digestLimit, settles: settles)
    }

    func take(at position: Int, digestLimit: UInt64) -> FileAttributes? {
        reader.take(at: position, digestLimit: digestLimit)
    }

    func isKernelState(_ directory: ByteString) -> Bool { DirectoryReader.isKernelState(directory) }
}
