internal import COpenSSL
internal import EventModel
internal import Glibc

/// Digests the content of files. One thread owns it.
final class ContentDigest {
    private var context = SHA256_CTX()
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    deinit { chunk.deallocate() }

    /// Of what is open as `descriptor`, from its beginning; `nil` when it cannot be read to its end.
    ///
    /// - Parameter size: bytes that it has as far as is known: there the end is not asked for once more.
    /// - Parameter limit: bytes; of a file that has grown beyond there is no digest.
    func sha256(of descriptor: Int32, size: UInt64, limit: UInt64) -> SHA256Digest? {
        guard SHA256_Init(&context) == 1 else { return nil }
        var offset: off_t = 0
        while true {
            let got = pread(descriptor, chunk.baseAddress, chunk.count, offset)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            SHA256_Update(&context, chunk.baseAddress, got)
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
