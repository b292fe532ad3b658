/// A digest of a file's content, by the name that the configuration has for it.
package enum DigestAlgorithm: String, CaseIterable, Sendable {
    /// Kept of every file that is read.
    case sha256
    case md5
    case sha1
    case sha512

    /// Bytes.
    package var size: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }
}

/// Which digests are kept beside the SHA-256. Its raw value stands in the baseline.
package struct DigestSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// - Parameter names: SHA-256 adds nothing.
    package init(_ names: [DigestAlgorithm]) {
        self = names.reduce(into: []) { $0.formUnion(Self.member($1)) }
    }

    package static let md5 = DigestSet(rawValue: 1)
    package static let sha1 = DigestSet(rawValue: 2)
    package static let sha512 = DigestSet(rawValue: 4)
    package static let all: DigestSet = [.md5, .sha1, .sha512]

    /// Its members, in the order in which `FurtherDigests` has them.
    package var names: [DigestAlgorithm] {
        Self.further.filter { contains(Self.member($0)) }
    }

    private static let further: [DigestAlgorithm] = [.md5, .sha1, .sha512]

    private static func member(_ name: DigestAlgorithm) -> DigestSet {
        switch name {
        case .md5: .md5
        case .sha1: .sha1
        case .sha256: []
        case .sha512: .sha512
        }
    }
}

/// The digests of a file's content beside its SHA-256, where they were asked for.
package struct FurtherDigests: Equatable, Sendable {
    /// The raw value of `set`, and the digests in the order of its names.
    package let encoded: [UInt8]

    /// - Parameter encoded: with what comes after it, if anything; `nil` when it is not what `encoded` has.
    package init?(_ encoded: UnsafeRawBufferPointer) {
        guard let first = encoded.first, first != 0 else { return nil }
        let set = DigestSet(rawValue: first)
        let size = 1 + set.names.reduce(0) { $0 + $1.size }
        guard set.isSubset(of: .all), encoded.count >= size else { return nil }
        self.encoded = Array(encoded[..<size])
    }

    /// Bytes of `encoded` at most.
    package static let mostBytes = 1 + 16 + 20 + 64

    /// Which they are.
    package var set: DigestSet { DigestSet(rawValue: encoded[0]) }

    /// Its bytes; `nil` when it is none of these.
    package func bytes(of name: DigestAlgorithm) -> ArraySlice<UInt8>? {
        var at = 1
        for other in set.names {
            if other == name { return encoded[at..<(at + name.size)] }
            at += other.size
        }
        return nil
    }

    /// Lower-case digits; `nil` when it is none of these.
    package func hexadecimal(of name: DigestAlgorithm) -> String? {
        let digits = Array("0123456789abcdef".utf8)
        return bytes(of: name).map { bytes in
            String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }
}
