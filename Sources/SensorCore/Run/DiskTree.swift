internal import Baseline
package import EventModel
internal import FileReading
internal import KernelSources

/// The disk, for a scan.
package final class DiskTree: FileTree {
    private let reader = DirectoryReader()
    private var helpers: DigestHelpers?
    /// What the helpers are to take; `nil` for nothing.
    private var expected: ((ByteString) -> UInt64?)?
    /// The first entry that they were not yet asked for.
    private var ahead = 0

    package init() {}

    deinit { helpers?.end() }

    package func use(_ digests: DigestSet, helpers count: Int) {
        reader.digests = digests
        guard helpers?.count ?? 0 != min(count, DigestHelpers.most) || helpers?.digests ?? digests != digests
        else { return }
        spentByHelpers = helperTime
        helpers?.end()
        helpers = count > 0 ? DigestHelpers(count: count, digests: digests) : nil
        helpers?.start()
    }

    package func expect(_ digestLimit: @escaping (_ name: ByteString) -> UInt64?) {
        expected = digestLimit
    }

    /// Processor time of the threads that help, nanoseconds.
    package var helperTime: UInt64 { spentByHelpers &+ (helpers?.processorTime ?? 0) }
    private var spentByHelpers: UInt64 = 0

    private func forgetExpected() {
        helpers?.forgetJobs()
        (expected, ahead) = (nil, 0)
    }

    /// What a helper took, when the file still looks like it.
    private func takenByHelper(at position: Int) -> FileAttributes? {
        guard let helpers, let expected else { return nil }
        ahead = max(ahead, position)
        while ahead < min(count, position + helpers.reach) {
            if reader.isRegular(at: ahead), let limit = expected(name(at: ahead)) {
                helpers.add(ahead, name(at: ahead), in: reader.descriptor, digestLimit: limit)
            }
            ahead += 1
        }
        guard let taken = helpers.result(at: position), let now = status(at: position), now.looksLike(taken)
        else { return nil }
        return taken
    }

    package func list(_ directory: ByteString) -> Int32 {
        forgetExpected()
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
        if attributes.type == .file, let taken = takenByHelper(at: position) {
            attributes = taken
            return true
        }
        return reader.complete(&attributes, at: position, digestLimit: digestLimit, settles: settles)
    }

    package func take(at position: Int, digestLimit: UInt64) -> FileAttributes? {
        takenByHelper(at: position) ?? reader.take(at: position, digestLimit: digestLimit)
    }

    package func digest<Failure: Error>(
        _ attributes: inout FileAttributes, at position: Int, goesOn: () throws(Failure) -> Bool
    ) throws(Failure) {
        guard let content = reader.openContent(at: position) else { return }
        while content.readOn() { if try !goesOn() { return } }
        content.addDigests(to: &attributes)
    }

    package func finish() {
        forgetExpected()
        reader.finish()
    }

    package func isMountRoot(at position: Int) -> Bool { reader.isMountRoot(at: position) }

    package func isKernelState(_ directory: ByteString) -> Bool { DirectoryReader.isKernelState(directory) }
}

extension PathReader: PathReading {}
