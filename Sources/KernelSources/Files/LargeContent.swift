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
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    /// Takes over `descriptor`; `nil` for a negative one.
    init?(_ descriptor: Int32) {
        self.descriptor = descriptor
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
                if got == 0 { digest = finish() }
                return false
            }
            SHA256_Update(&context, chunk.baseAddress, got)
            offset += off_t(got)
        }
        return true
    }

    /// Adds what the content comes to, after the end: nothing when it could not be read.
    package func addDigests(to attributes: inout FileAttributes) { attributes.sha256 = digest }

    private func finish() -> SHA256Digest? {
        // The content has been taken in: its place can take the digest.
        let result = UnsafeMutableRawBufferPointer(rebasing: chunk[..<32])
        guard SHA256_Final(result.baseAddress?.assumingMemoryBound(to: UInt8.self), &context) == 1 else {
            return nil
        }
        return SHA256Digest(UnsafeRawBufferPointer(result))
    }
}
