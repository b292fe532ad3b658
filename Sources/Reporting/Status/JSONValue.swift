package import EventModel

/// A JSON text as a value: what a program of ours has answered. At most 32 levels, whole numbers below 2^64.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(UInt64)
    case string(ByteString)
    case array([JSONValue])
    case object([(key: ByteString, value: JSONValue)])

    /// Reads exactly one value, with space around it; `nil` when `text` is anything else.
    package init?(_ text: [UInt8]) {
        var reader = JSONReader(text)
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }

    /// The member of an object; of several with the same key the first.
    package subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        let key = ByteString(key)
        return members.first { $0.key == key }?.value
    }

    package var number: UInt64? { if case .number(let value) = self { value } else { nil } }
    package var text: String? { if case .string(let value) = self { value.text } else { nil } }
    /// The elements of an array; none of anything else.
    package var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }

    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left.elementsEqual(right, by: ==)
        default: false
        }
    }
}

/// Walks through one JSON text.
private struct JSONReader {
    private static let maximumDepth = 32
    private let text: [UInt8]
    private var index = 0

    init(_ text: [UInt8]) { self.text = text }

    /// Whether only space is left.
    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return index == text.count
        }
    }

    mutating func value(depth: Int) -> JSONValue? {
        skipSpace()
        guard depth < Self.maximumDepth, index < text.count else { return nil }
        switch text[index] {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number().map { .number($0) }
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        default: return nil
        }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        index += 1
        var members: [(key: ByteString, value: JSONValue)] = []
        if takes("}") { return .object(members) }
        repeat {
            skipSpace()
            guard index < text.count, text[index] == UInt8(ascii: "\""), let key = string(), takes(":"),
                let value = value(depth: depth + 1)
            else { return nil }
            members.append((key, value))
        } while takes(",")
        return takes("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONValue? {
        index += 1
        var elements: [JSONValue] = []
        if takes("]") { return .array(elements) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
        } while takes(",")
        return takes("]") ? .array(elements) : nil
    }

    private mutating func number() -> UInt64? {
        var result: UInt64 = 0
        let start = index
        while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit < 10 {
            let (tens, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            result = sum
            index += 1
        }
        return index == start + 1 || text[start] != UInt8(ascii: "0") ? result : nil
    }

    private mutating func string() -> ByteString? {
        index += 1
        var result: [UInt8] = []
        while index < text.count {
            let byte = text[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return ByteString(result)
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                result.append(contentsOf: String(scalar).utf8)
            default: result.append(byte)
            }
        }
        return nil
    }

    /// What stands behind a backslash. A surrogate alone is none, and ours writes none.
    private mutating func escape() -> Unicode.Scalar? {
        guard index < text.count else { return nil }
        let byte = text[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard text.count - index >= 4 else { return nil }
            let digits = String(decoding: text[index..<index + 4], as: UTF8.self)
            index += 4
            guard digits.utf8.count == 4, digits.utf8.first != UInt8(ascii: "+") else { return nil }
            return UInt32(digits, radix: 16).flatMap { Unicode.Scalar($0) }
        default: return nil
        }
    }

    /// Takes a word of ours that comes next.
    private mutating func take(_ word: String) -> Bool {
        guard text[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    /// Takes a sign that comes next, with space before it.
    private mutating func takes(_ sign: Unicode.Scalar) -> Bool {
        skipSpace()
        guard index < text.count, text[index] == UInt8(ascii: sign) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[index]) { index += 1 }
    }
}
