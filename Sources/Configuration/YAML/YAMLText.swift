/// Whether bytes may be YAML at all.
enum YAMLText {
    /// Larger files are refused.
    static let mostBytes = 1 << 20

    /// Reports what no YAML file has: too many bytes, bytes that are not UTF-8, control characters.
    static func isAcceptable(_ bytes: [UInt8], _ diagnostics: Diagnostics) -> Bool {
        guard bytes.count <= mostBytes else {
            diagnostics.report(
                nil, "the file has more than 1 MB",
                advice: "no configuration is so large: is it the right file?")
            return false
        }
        var position = FilePosition(line: 1, column: 1)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var previous: Unicode.Scalar = "\n"
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return true
            case .error:
                diagnostics.report(position, "a byte here is not UTF-8", advice: "save the file as UTF-8")
                return false
            case .scalarValue(let scalar):
                guard isPrintable(scalar) else {
                    let code = "U+" + paddedHexadecimal(scalar.value)
                    diagnostics.report(
                        position, "the control character \(code) is not allowed",
                        advice: "remove it")
                    return false
                }
                advance(&position, scalar, after: previous)
                previous = scalar
            }
        }
    }

    private static func advance(
        _ position: inout FilePosition, _ scalar: Unicode.Scalar, after previous: Unicode.Scalar
    ) {
        switch scalar {
        case "\n" where previous == "\r": break
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
            position = FilePosition(line: position.line + 1, column: 1)
        default: position.column += 1
        }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// At least four digits.
    static func paddedHexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
