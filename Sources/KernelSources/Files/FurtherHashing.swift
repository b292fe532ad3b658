internal import COpenSSL
internal import EventModel

/// Digests content beside its SHA-256, in the same pass. One thread owns it.
final class FurtherHashing {
    private let set: DigestSet
    private var md5 = MD5_CTX()
    private var sha1 = SHA_CTX()
    private var sha512 = SHA512_CTX()

    init(_ set: DigestSet) { self.set = set }

    /// Whether libcrypto gives all of them.
    func begin() -> Bool {
        (!set.contains(.md5) || MD5_Init(&md5) == 1) && (!set.contains(.sha1) || SHA1_Init(&sha1) == 1)
            && (!set.contains(.sha512) || SHA512_Init(&sha512) == 1)
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        if set.contains(.md5) { MD5_Update(&md5, bytes.baseAddress, bytes.count) }
        if set.contains(.sha1) { SHA1_Update(&sha1, bytes.baseAddress, bytes.count) }
        if set.contains(.sha512) { SHA512_Update(&sha512, bytes.baseAddress, bytes.count) }
    }

    func finish() -> FurtherDigests? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: FurtherDigests.mostBytes) { result in
            // It has room.
            var next = result.baseAddress.unsafelyUnwrapped
            next.pointee = set.rawValue
            next += 1
            for name in set.names {
                switch name {
                case .md5: MD5_Final(next, &md5)
                case .sha1: SHA1_Final(next, &sha1)
                case .sha512: SHA512_Final(next, &sha512)
                case .sha256: break
                }
                next += name.size
            }
            return FurtherDigests(UnsafeRawBufferPointer(result))
        }
    }
}
