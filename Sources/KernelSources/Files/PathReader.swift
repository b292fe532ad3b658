internal import CTree
package import EventModel
internal import Glibc

/// Reads what stands at a path, one after another. One thread owns it.
///
/// Nothing is followed in the last component: a symbolic link is itself.
package final class PathReader {
    private let digest = ContentDigest()
    private var target = [CChar](repeating: 0, count: 4_096)
    /// What is digested beside SHA-256.
    package var digests: DigestSet {
        get { digest.further }
        set { digest.further = newValue }
    }

    /// Bytes of a file that is not read again and again.
    private static let large: UInt64 = 16 << 20

    package init() {}

    /// Everything that is kept of a file; `nil` when nothing stands at `path`.
    ///
    /// - Parameter limit: the content of larger files is not read. Bytes.
    package func attributes(of path: ByteString, digestLimit limit: UInt64) -> FileAttributes? {
        let name = path.zeroTerminated
        guard var attributes = status(of: AT_FDCWD, name) else { return nil }
        if attributes.type == .file {
            let file = ctree_open_file(AT_FDCWD, name)
            if file >= 0 {
                defer { close(file) }
                return read(file, limit: limit)
            }
            if file == -ENOENT { return nil }
        } else if attributes.type == .symlink {
            let length = ctree_link_target(AT_FDCWD, name, &target, UInt32(target.count))
            guard length >= 0 else { return nil }
            attributes.linkTarget = ByteString(target[..<Int(length)].map { UInt8(bitPattern: $0) })
        }
        var extended = ctree_extended()
        if ctree_extended_at(name, &extended) == 0 { attributes.take(extended) }
        return attributes
    }

    /// Of an open file, as it is at one moment; of one that is written all the time, as it is at the third attempt. Of a
    /// large one there is no second attempt: without its digest then.
    private func read(_ file: Int32, limit: UInt64) -> FileAttributes? {
        guard var attributes = status(of: file, [0]) else { return nil }
        if attributes.type == .file, attributes.size <= limit {
            for _ in 0..<3 {
                digest.learn(of: file, limit: limit, into: &attributes)
                guard let now = status(of: file, [0]), !now.looksLike(attributes) else { break }
                attributes.takeStatus(now)
                if attributes.size > Self.large {
                    attributes.sha256 = nil
                    break
                }
            }
        }
        attributes.generation = ctree_generation(file)
        var extended = ctree_extended()
        if ctree_extended(file, &extended) == 0 { attributes.take(extended) }
        return attributes
    }

    /// Opens the content of a file, to be digested in parts; `nil` when that is refused.
    package func openContent(of path: ByteString) -> LargeContent? {
        LargeContent(ctree_open_file(AT_FDCWD, path.zeroTerminated), digests: digests)
    }

    private func status(of descriptor: Int32, _ name: [CChar]) -> FileAttributes? {
        var status = ctree_status()
        return ctree_status(descriptor, name, &status) == 0 ? FileAttributes(status) : nil
    }

    /// The first `limit` bytes of a regular file; `nil` when it cannot be read.
    package func content(of path: ByteString, limit: Int) -> [UInt8]? {
        let file = ctree_open_file(AT_FDCWD, path.zeroTerminated)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content: [UInt8] = []
        while content.count < limit {
            let start = content.count
            let room = min(65_536, limit - start)
            content.append(contentsOf: repeatElement(0, count: room))
            let got = content.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: start), room, off_t(start))
            }
            if got < 0, errno == EINTR {
                content.removeLast(room)
                continue
            }
            content.removeLast(room - max(got, 0))
            if got < 0 { return nil }
            if got == 0 { break }
        }
        return content
    }
}
