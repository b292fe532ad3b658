/// A value of a YAML file, and where it stands.
struct YAMLNode {
    enum Content {
        /// A plain one, without quotes, has a type by its text: `true`, `12`.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// Something that has been reported already.
        case refused
    }

    let position: FilePosition
    let content: Content
}

/// One `key: value`.
struct YAMLEntry {
    let key: String
    let position: FilePosition
    let value: YAMLNode
}

/// The type of a scalar by YAML 1.2's core schema. `yes`, `no`, `on` and `off` are text.
enum YAMLType: Equatable {
    case null
    case bool(Bool)
    case number
    case text

    init(_ text: String, isPlain: Bool) {
        self =
            switch text {
            case _ where !isPlain: .text
            case "", "~", "null", "Null", "NULL": .null
            case "true", "True", "TRUE": .bool(true)
            case "false", "False", "FALSE": .bool(false)
            default: Self.isNumber(text) ? .number : .text
            }
    }

    private static func isNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        if rest.starts(with: Array("0x".utf8)) {
            return isAll(rest.dropFirst(2)) { isDigit($0) || isHexLetter($0) }
        }
        if rest.starts(with: Array("0o".utf8)) {
            return isAll(rest.dropFirst(2)) { isDigit($0) && $0 < 0x38 }
        }
        if [".nan", ".NaN", ".NAN"].contains(text) { return true }
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let magnitude = String(decoding: rest, as: UTF8.self)
        if [".inf", ".Inf", ".INF"].contains(magnitude) { return true }
        return isDecimal(rest)
    }

    /// `12`, `1.5`, `.5`, `1e9`
    private static func isDecimal(_ digits: ArraySlice<UInt8>) -> Bool {
        var rest = digits.drop(while: isDigit)
        var count = digits.count - rest.count
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst()
            rest = fraction.drop(while: isDigit)
            count += fraction.count - rest.count
        }
        guard count > 0 else { return false }
        guard let letter = rest.first else { return true }
        guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") else { return false }
        rest.removeFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        return isAll(rest, isDigit)
    }

    private static func isAll(_ bytes: ArraySlice<UInt8>, _ test: (UInt8) -> Bool) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(test)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isHexLetter(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f")
    }
}
