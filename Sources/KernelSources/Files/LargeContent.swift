internal import COpenSSL
package import EventModel
internal import Glibc

/// The content of an open file that is digested in parts: there is time for something else in between. One thread owns
/// it.
package final class LargeContent {
    /// Bytes that are read in one go: some hundredths of a second of a slow disk.
    private static let part = 4 << 20
    private let descriptor: Int32
    private var context = SHA256_CTX()
    private var offset: off_t = 0
    private var digest: SHA256Digest?
    /// Those that are taken in the same pass; `nil` for none.
    private let further: FurtherHashing?
    private var furtherDigests: FurtherDigests?
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    /// Takes over `descriptor`; `nil` for a negative one.
    ///
    /// - Parameter digests: what is digested beside SHA-256.
    init?(_ descriptor: Int32, digests: DigestSet) {
        self.descriptor = descriptor
        let hashing = digests.isEmpty ? nil : FurtherHashing(digests)
        further = hashing.flatMap { $0.begin() ? $0 : nil }
        guard descriptor >= 0, SHA256_Init(&context) == 1 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        chunk.deallocate()
    }

    /// Reads the next part. Returns whether there may be more; not to be called after the end.
    package func readOn() -> Bool {
        let stop = offset + off_t(Self.part)
        while offset < stop {
            let got = pread(descriptor, chunk.baseAddress, chunk.count, offset)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                if got == 0 { (digest, furtherDigests) = (finish(), further?.finish()) }
                return false
            }
            SHA256_Update(&context, chunk.baseAddress, got)
            further?.update(UnsafeRawBufferPointer(rebasing: chunk[..<got]))
            offset += off_t(got)
        }
        return true
    }

    /// Adds what the content comes to, after the end: nothing when it could not be read.
    package func addDigests(to attributes: inout FileAttributes) {
        (attributes.sha256, attributes.furtherDigests) = (digest, digest == nil ? nil : furtherDigests)
    }

    private func finish() -> SHA256Digest? {
        // The content has been taken in: its place can take the digest.
        let result = UnsafeMutableRawBufferPointer(rebasing: chunk[..<32])
        guard SHA256_Final(result.baseAddress?.assumingMemoryBound(to: UInt8.self), &context) == 1 else {
            return nil
        }
        return SHA256Digest(UnsafeRawBufferPointer(result))
    }
}
