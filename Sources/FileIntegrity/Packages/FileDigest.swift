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
    private var block = [UInt8](repeating: 0, count: 65_536)

    init() {}

    /// Of the regular file at `path`, not following a link; `nil` when it has more than `limit` bytes, or cannot be
    /// read to its end.
    func md5(of path: ByteString, limit: Int64) -> MD5Digest? {
        var state = MD5_CTX()
        MD5_Init(&state)
        guard read(path, limit, { MD5_Update(&state, $0.baseAddress, $0.count) }) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: Int(MD5_DIGEST_LENGTH), alignment: 8) { result in
            MD5_Final(result.bindMemory(to: UInt8.self).baseAddress, &state)
            return MD5Digest(UnsafeRawBufferPointer(result))
        }
    }

    /// The same with SHA-256.
    func sha256(of path: ByteString, limit: Int64) -> SHA256Digest? {
        var state = SHA256_CTX()
        SHA256_Init(&state)
        guard read(path, limit, { SHA256_Update(&state, $0.baseAddress, $0.count) }) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: Int(SHA256_DIGEST_LENGTH), alignment: 8) { result in
            SHA256_Final(result.bindMemory(to: UInt8.self).baseAddress, &state)
            return SHA256Digest(UnsafeRawBufferPointer(result))
        }
    }

    /// Hands over the content piece by piece.
    ///
    /// - Returns: whether the end was reached, before a file that grows has given more than `limit`.
    private func read(_ path: ByteString, _ limit: Int64, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        let descriptor = cpackages_open(path.zeroTerminated, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard let stamp = FileStamp(descriptor: descriptor), stamp.type == .file, stamp.size <= limit else {
            return false
        }
        var left = limit
        while true {
            let got = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return false }
            if got == 0 { return true }
            left -= Int64(got)
            guard left >= 0 else { return false }
            block.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
        }
    }
}
