internal import COpenSSL
internal import EventModel
internal import Glibc

/// Digests the content of files. One thread owns it.
final class ContentDigest {
    private var context = SHA256_CTX()
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    /// Those that are taken in the same pass; `nil` for none.
    private var furtherHashing: FurtherHashing?
    /// What is digested beside SHA-256.
    var further: DigestSet = [] {
        didSet { furtherHashing = further.isEmpty ? nil : FurtherHashing(further) }
    }

    deinit { chunk.deallocate() }

    /// Adds the digests of what is open as `descriptor` to its attributes: none of what is larger than `limit` bytes, or
    /// cannot be read to its end.
    func learn(of descriptor: Int32, limit: UInt64, into attributes: inout FileAttributes) {
        attributes.furtherDigests = nil
        let isHashing = furtherHashing?.begin() ?? false
        attributes.sha256 =
            attributes.size <= limit
            ? sha256(of: descriptor, size: attributes.size, limit: limit, isHashing ? furtherHashing : nil)
            : nil
        guard isHashing, attributes.sha256 != nil else { return }
        attributes.furtherDigests = furtherHashing?.finish()
    }

    /// Of what is open as `descriptor`, from its beginning; `nil` when it cannot be read to its end.
    ///
    /// - Parameter size: bytes that it has as far as is known: there the end is not asked for once more.
    /// - Parameter limit: bytes; of a file that has grown beyond there is no digest.
    private func sha256(
        of descriptor: Int32, size: UInt64, limit: UInt64, _ further: FurtherHashing?
    ) -> SHA256Digest? {
        guard SHA256_Init(&context) == 1 else { return nil }
        var offset: off_t = 0
        while true {
            let got = pread(descriptor, chunk.baseAddress, chunk.count, offset)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            SHA256_Update(&context, chunk.baseAddress, got)
            further?.update(UnsafeRawBufferPointer(rebasing: chunk[..<got]))
            offset += off_t(got)
            if UInt64(offset) > limit { return nil }
            // Filesystems without sizes say 0.
            if UInt64(offset) == size, got < chunk.count { break }
        }
        // The content has been taken in: its place can take the digest.
        let result = UnsafeMutableRawBufferPointer(rebasing: chunk[..<32])
        guard SHA256_Final(result.baseAddress?.assumingMemoryBound(to: UInt8.self), &context) == 1 else {
            return nil
        }
        return SHA256Digest(UnsafeRawBufferPointer(result))
    }
}
