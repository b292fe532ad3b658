/// Tells content that must not be kept from its look.
enum SecretContent {
    /// Whether it holds a private key, or a password hash of `crypt(5)` (`$6$salt$…`, `$y$…`, `$argon2id$…`).
    static func isIn(_ content: [UInt8]) -> Bool {
        for index in content.indices {
            switch content[index] {
            case UInt8(ascii: "-"): if beginsPrivateKey(content[index...]) { return true }
            case UInt8(ascii: "$"): if beginsHash(content[index...]) { return true }
            case UInt8(ascii: "P"): if content[index...].starts(with: puttyKey) { return true }
            case UInt8(ascii: "A"): if content[index...].starts(with: ageKey) { return true }
            default: break
            }
        }
        return false
    }

    private static let armour = Array("-----BEGIN ".utf8)
    private static let label = Array("PRIVATE KEY".utf8)
    private static let puttyKey = Array("PuTTY-User-Key-File-".utf8)
    private static let ageKey = Array("AGE-SECRET-KEY-".utf8)

    /// `-----BEGIN OPENSSH PRIVATE KEY-----`, with at most 40 bytes before the last two words.
    private static func beginsPrivateKey(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.starts(with: armour) else { return false }
        let rest = text.dropFirst(armour.count).prefix(40 + label.count).prefix { $0 != UInt8(ascii: "\n") }
        return rest.indices.contains { rest[$0...].starts(with: label) }
    }

    /// `$`, 1 to 12 letters and digits, `$`, and 20 characters or more of those that parameters, salts and hashes have.
    private static func beginsHash(_ text: ArraySlice<UInt8>) -> Bool {
        let method = text.dropFirst().prefix(13).prefix { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        guard (1...12).contains(method.count), method.endIndex < text.endIndex,
            text[method.endIndex] == UInt8(ascii: "$")
        else { return false }
        let hash = text[(method.endIndex + 1)...].prefix(20)
        return hash.count == 20 && hash.allSatisfy { isLetterOrDigit($0) || hashMarks.contains($0) }
    }

    private static let hashMarks = Array("./$=,+".utf8)

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
