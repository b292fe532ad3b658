internal import CTree
package import EventModel
internal import Glibc

/// Takes regular files of an open directory: attributes and content, in one. One thread owns it.
package final class FileTaker {
    private let digest: ContentDigest

    init(_ digest: ContentDigest) { self.digest = digest }

    /// - Parameter digests: what is digested beside SHA-256.
    package convenience init(digests: DigestSet) {
        self.init(ContentDigest())
        digest.further = digests
    }

    /// `nil` when it cannot be opened, or is no regular file.
    ///
    /// - Parameter name: zero-terminated.
    /// - Parameter limit: the content of larger files is not read. Bytes.
    package func take(
        _ name: UnsafePointer<CChar>, in directory: Int32, digestLimit limit: UInt64
    ) -> FileAttributes? {
        let file = ctree_open_file(directory, name)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = ctree_status()
        // What is open is asked for its status at half the price of what has a name.
        guard ctree_status(file, "", &status) == 0 else { return nil }
        var attributes = FileAttributes(status)
        guard attributes.type == .file else { return nil }
        digest.learn(of: file, limit: limit, into: &attributes)
        attributes.learnInode(of: file)
        return attributes
    }
}

extension FileAttributes {
    mutating func learnInode(of descriptor: Int32) {
        generation = ctree_generation(descriptor)
        var found = ctree_extended()
        if ctree_extended(descriptor, &found) == 0 { take(found) }
    }
}
