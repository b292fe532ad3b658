internal import Baseline
package import EventModel
internal import FileReading
internal import KernelSources

/// The disk, for a scan.
package final class DiskTree: FileTree {
    private let reader = DirectoryReader()

    package init() {}

    package func list(_ directory: ByteString) -> Int32 {
        do throws(KernelError) {
            try reader.open(directory)
            return 0
        } catch {
            return error.errno
        }
    }

    package var count: Int { reader.count }
    package func name(at position: Int) -> ByteString { reader.name(at: position) }

    package func compareName(at position: Int, with other: ByteString) -> Int {
        reader.compareName(at: position, with: other)
    }

    package func status(at position: Int) -> FileAttributes? { reader.status(at: position) }

    package func complete(
        _ attributes: inout FileAttributes, at position: Int, digestLimit: UInt64, settles: Bool
    ) -> Bool {
        reader.complete(&attributes, at: position, digestLimit: digestLimit, settles: settles)
    }

    package func take(at position: Int, digestLimit: UInt64) -> FileAttributes? {
        reader.take(at: position, digestLimit: digestLimit)
    }

    package func digest<Failure: Error>(
        _ attributes: inout FileAttributes, at position: Int, goesOn: () throws(Failure) -> Bool
    ) throws(Failure) {
        guard let content = reader.openContent(at: position) else { return }
        while content.readOn() { if try !goesOn() { return } }
        content.addDigests(to: &attributes)
    }

    package func finish() { reader.finish() }

    package func isMountRoot(at position: Int) -> Bool { reader.isMountRoot(at: position) }

    package func isKernelState(_ directory: ByteString) -> Bool { DirectoryReader.isKernelState(directory) }
}

extension PathReader: PathReading {}
