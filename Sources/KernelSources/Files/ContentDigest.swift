internal import COpenSSL
internal import EventModel
internal import Glibc
internal import KernelSources

/// Digests the content of files. One thread owns it.
final class ContentDigest {
    private let context: OpaquePointer
    private let algorithm: OpaquePointer
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    /// - Throws: `KernelError` with `ENOMEM`.
    init() throws(KernelError) {
        guard let context = EVP_MD_CTX_new() else { throw KernelError(call: "EVP_MD_CTX_new", errno: ENOMEM) }
        // Fetched once: looking it up costs more than digesting a small file.
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
            EVP_MD_CTX_free(context)
            throw KernelError(
                call: "EVP_MD_fetch", errno: ENOENT, advice: "this host's libcrypto has no SHA-256")
        }
        (self.context, self.algorithm) = (context, algorithm)
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
        chunk.deallocate()
    }

    /// Of what is open as `descriptor`, from its beginning; `nil` when it cannot be read to its end.
    ///
    /// - Parameter size: bytes that it has as far as is known: there the end is not asked for once more.
    /// - Parameter limit: bytes; of a file that has grown beyond there is no digest.
    func sha256(of descriptor: Int32, size: UInt64, limit: UInt64) -> SHA256Digest? {
        guard EVP_DigestInit_ex2(context, algorithm, nil) == 1 else { return nil }
        var offset: off_t = 0
        while true {
            let got = pread(descriptor, chunk.baseAddress, chunk.count, offset)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            EVP_DigestUpdate(context, chunk.baseAddress, got)
            offset += off_t(got)
            if UInt64(offset) > limit { return nil }
            // Filesystems without sizes say 0.
            if UInt64(offset) == size, got < chunk.count { break }
        }
        // The content has been taken in: its place can take the digest.
        let result = UnsafeMutableRawBufferPointer(rebasing: chunk[..<32])
        guard EVP_DigestFinal_ex(context, result.baseAddress?.assumingMemoryBound(to: UInt8.self), nil) == 1
        else {
            return nil
        }
        return SHA256Digest(UnsafeRawBufferPointer(result))
    }
}
