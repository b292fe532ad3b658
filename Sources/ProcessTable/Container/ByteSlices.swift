extension ArraySlice<UInt8> {
    /// Whether these bytes are the ASCII `text`.
    func matches(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text)
    }

    func hasPrefix(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        return text.withUTF8Buffer { wanted in
            for offset in 0..<length where self[startIndex + offset] != wanted[offset] { return false }
            return true
        }
    }

    /// What follows `prefix`; `nil` when the bytes do not begin with it.
    func rest(after prefix: StaticString) -> ArraySlice<UInt8>? {
        hasPrefix(prefix) ? dropFirst(prefix.utf8CodeUnitCount) : nil
    }

    func hasSuffix(_ text: StaticString) -> Bool { suffix(text.utf8CodeUnitCount).matches(text) }

    func dropping(suffix text: StaticString) -> ArraySlice<UInt8> {
        hasSuffix(text) ? dropLast(text.utf8CodeUnitCount) : self
    }

    func contains(_ text: StaticString) -> Bool {
        var rest = self
        while rest.count >= text.utf8CodeUnitCount {
            if rest.hasPrefix(text) { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    /// 64 hexadecimal digits in lower case, as all runtimes make their ids but lxc and nspawn.
    var isContainerID: Bool { count == 64 && allSatisfy(\.isHexDigit) }

    /// The byte that a leading `\x2d` stands for.
    var leadingHexEscape: UInt8? {
        guard count >= 4, hasPrefix("\\x"), let high = self[startIndex + 2].hexValue,
            let low = self[startIndex + 3].hexValue
        else { return nil }
        return high << 4 | low
    }
}

extension UInt8 {
    /// A hexadecimal digit in lower case.
    var isHexDigit: Bool { hexValue != nil }

    /// What stands between the groups of a pod's uid; `_` in the name of a slice.
    var isUIDSeparator: Bool { self == UInt8(ascii: "-") || self == UInt8(ascii: "_") }

    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
