internal import COpenSSL
internal import CPackages
internal import EventModel
internal import Glibc

/// 16 bytes, as dpkg has them.
struct MD5Digest: Equatable {
    private var high: UInt64
    private var low: UInt64

    /// Stands for no digest, where each byte counts: no content is known that has it.
    static let none = MD5Digest(high: 0, low: 0)

    private init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    var ifAny: MD5Digest? { self == .none ? nil : self }

    /// - Parameter digits: 32 of them; `nil` for anything else.
    init?(hexadecimal digits: UnsafeRawBufferPointer) {
        guard digits.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, digit) in digits.enumerated() {
            guard let value = HexDigit.value(of: digit).map(UInt64.init) else { return nil }
            words = index < 16 ? (words.0 << 4 | value, 0) : (words.0, words.1 << 4 | value)
        }
        (high, low) = words
    }

    /// The sixteen bytes at `bytes`.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
}

/// Digests files with the algorithms of the package databases. One thread owns it.
final class FileDigest {
    private let context: OpaquePointer?
    private let md5: OpaquePointer?
    private let sha256: OpaquePointer?
    private var block = [UInt8](repeating: 0, count: 65_536)

    /// An algorithm that the host's libcrypto refuses (MD5, in its FIPS mode) gives no digests.
    init() {
        context = EVP_MD_CTX_new()
        md5 = EVP_MD_fetch(nil, "MD5", nil)
        sha256 = EVP_MD_fetch(nil, "SHA256", nil)
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(md5)
        EVP_MD_free(sha256)
    }

    /// Of the regular file at `path`, not following a link; `nil` when it has more than `limit` bytes, or cannot be
    /// read to its end.
    func md5(of path: ByteString, limit: Int64) -> MD5Digest? {
        digest(path, md5, limit) { MD5Digest($0) }
    }

    /// The same with SHA-256.
    func sha256(of path: ByteString, limit: Int64) -> SHA256Digest? {
        digest(path, sha256, limit) { SHA256Digest($0) } ?? nil
    }

    private func digest<Result>(
        _ path: ByteString, _ algorithm: OpaquePointer?, _ limit: Int64,
        _ make: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        guard let context, let algorithm else { return nil }
        let descriptor = cpackages_open(path.zeroTerminated, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let stamp = FileStamp(descriptor: descriptor), stamp.type == .file, stamp.size <= limit,
            EVP_DigestInit_ex2(context, algorithm, nil) == 1, update(context, from: descriptor, limit)
        else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: Int(EVP_MAX_MD_SIZE), alignment: 8) { result in
            var length: UInt32 = 0
            let bytes = result.bindMemory(to: UInt8.self)
            guard EVP_DigestFinal_ex(context, bytes.baseAddress, &length) == 1 else { return nil }
            return make(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(result)[..<Int(length)]))
        }
    }

    /// - Returns: whether the end was reached, before a file that grows has given more than `limit`.
    private func update(_ context: OpaquePointer, from descriptor: Int32, _ limit: Int64) -> Bool {
        var left = limit
        while true {
            let got = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return false }
            if got == 0 { return true }
            left -= Int64(got)
            guard left >= 0, EVP_DigestUpdate(context, block, got) == 1 else { return false }
        }
    }
}
