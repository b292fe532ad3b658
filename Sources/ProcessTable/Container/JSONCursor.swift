internal import EventModel

/// Walks through JSON that is trusted to be mostly well-formed, for a few values of it. It never fails loudly: what
/// it does not understand ends the walk. Values are skipped without recursion, however deep they are.
struct JSONCursor {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Steps into the object that comes next; the cursor stays when that is something else.
    mutating func enterObject() -> Bool { take(UInt8(ascii: "{")) }

    /// The next key of the object that the cursor is in, the cursor before its value; `nil` at the object's end,
    /// which is left.
    mutating func nextKey() -> ByteString? {
        _ = take(UInt8(ascii: ","))
        if take(UInt8(ascii: "}")) { return nil }
        guard let key = string(), take(UInt8(ascii: ":")) else {
            index = bytes.count
            return nil
        }
        return ByteString(Array(key))
    }

    /// The string that comes next. Another value is skipped, and so is a string that does not end.
    mutating func string() -> ArraySlice<UInt8>? {
        guard take(UInt8(ascii: "\"")) else {
            _ = skipValue()
            return nil
        }
        var plain: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return plain[...] }
            if byte == UInt8(ascii: "\\") { appendEscape(to: &plain) } else { plain.append(byte) }
        }
        return nil
    }

    /// Moves behind the value that comes next; `false` at the end of the bytes.
    mutating func skipValue() -> Bool {
        skipSpace()
        let start = index
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                if depth == 0 { return index > start }
                if bytes[index] != UInt8(ascii: ",") { depth -= 1 }
                index += 1
            default: index += 1
            }
        }
        return false
    }

    /// The cursor is on the first quote.
    private mutating func skipString() {
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index = min(index + 1, bytes.count)
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == 0x20 || (0x09...0x0d).contains(bytes[index]) { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// The cursor is behind the backslash.
    private mutating func appendEscape(to plain: inout [UInt8]) {
        guard index < bytes.count else { return }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "n"): plain.append(0x0a)
        case UInt8(ascii: "t"): plain.append(0x09)
        case UInt8(ascii: "r"): plain.append(0x0d)
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0c)
        case UInt8(ascii: "u"):
            var units = [codeUnit()]
            if units[0] & 0xfc00 == 0xd800, bytes[index...].hasPrefix("\\u") {
                index += 2
                units.append(codeUnit())
            }
            plain += Array(String(decoding: units, as: UTF16.self).utf8)
        default: plain.append(byte)
        }
    }

    /// Four hexadecimal digits; U+FFFD for anything else.
    private mutating func codeUnit() -> UInt16 {
        let digits = bytes[index...].prefix(4)
        index += digits.count
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0xfffd
    }
}
