internal import EventModel

/// How a piece of a line looks when colour is on: the parameters of the `SGR` control sequence (ECMA-48).
enum TerminalStyle: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case magenta = "35"
    case cyan = "36"
    case alarm = "1;31"
}

/// Text on its way to a terminal, with the columns that it takes.
///
/// What others chose (names, arguments, reasons) goes through `append(untrusted:)`, which lets nothing reach
/// the terminal that moves the cursor, changes its state, hides or reorders text.
struct TerminalText {
    private(set) var bytes: [UInt8] = []
    private(set) var columns = 0
    let colour: Bool

    init(colour: Bool) { self.colour = colour }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        columns = 0
    }

    /// Appends ASCII of ours.
    mutating func append(_ text: String, _ style: TerminalStyle? = nil) {
        styled(style) { line in
            line.bytes.append(contentsOf: text.utf8)
            line.columns += text.utf8.count
        }
    }

    mutating func append(untrusted text: ByteString, _ style: TerminalStyle? = nil) {
        styled(style) { $0.escape(text.bytes.span) }
    }

    /// Appends text in which control characters have been escaped before: a backslash stays as it is, and a tab becomes
    /// spaces. All else that a terminal must not see is escaped.
    mutating func append(escaped text: [UInt8], _ style: TerminalStyle? = nil) {
        styled(style) { line in
            let start = line.columns
            for (index, part) in text.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
                .enumerated()
            {
                // The mark of a diff's line is before the first column.
                if index > 0 { line.pad(to: start + 1 + (line.columns - start - 1) / 8 * 8 + 8) }
                line.escape(Array(part).span, keepsBackslash: true)
            }
        }
    }

    mutating func append(_ other: TerminalText) {
        bytes.append(contentsOf: other.bytes)
        columns += other.columns
    }

    /// Appends spaces up to column `column`.
    mutating func pad(to column: Int) {
        while columns < column {
            bytes.append(UInt8(ascii: " "))
            columns += 1
        }
    }

    mutating func newLine() {
        bytes.append(UInt8(ascii: "\n"))
        columns = 0
    }

    private mutating func styled(_ style: TerminalStyle?, _ body: (inout TerminalText) -> Void) {
        guard colour, let style else { return body(&self) }
        bytes.append(0x1b)
        bytes.append(contentsOf: "[\(style.rawValue)m".utf8)
        body(&self)
        bytes.append(0x1b)
        bytes.append(contentsOf: "[0m".utf8)
    }

    private mutating func escape(_ text: Span<UInt8>, keepsBackslash: Bool = false) {
        var index = 0
        while index < text.count {
            let start = index
            let scalar = nextScalar(in: text, at: &index)
            if let scalar, let width = keepsBackslash && scalar == 0x5c ? 1 : printableWidth(scalar) {
                for position in start..<index { bytes.append(text[position]) }
                columns += width
            } else {
                for position in start..<index { escape(text[position]) }
            }
        }
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
        case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\\"): bytes.append(byte)
        default:
            bytes.append(UInt8(ascii: "x"))
            bytes.append(hexDigit(byte >> 4))
            bytes.append(hexDigit(byte & 15))
            columns += 2
        }
        columns += 2
    }
}

/// The columns that a scalar takes; `nil` for one that a terminal must not see as it is: controls, the escape
/// character of our own notation, and what hides or reorders text.
private func printableWidth(_ scalar: UInt32) -> Int? {
    switch scalar {
    case 0x5c: nil
    case 0x20...0x7e: 1
    case 0x00...0x9f: nil
    // Soft hyphen, letter marks, fillers, zero width and directional characters, line separators.
    case 0xad, 0x034f, 0x061c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b...0x180f: nil
    case 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0x3164, 0xfe00...0xfe0f, 0xfeff, 0xffa0: nil
    // Specials, private use (fonts draw what they like), tags and variation selectors.
    case 0xfff0...0xfffb, 0xfffe, 0xffff, 0xe000...0xf8ff, 0x1bca0...0x1bca3, 0x1d173...0x1d17a: nil
    case 0xe0000...0x10ffff: nil
    case 0x0300...0x036f, 0x0483...0x0489, 0x0591...0x05bd, 0x20d0...0x20f0, 0xfe20...0xfe2f: 0
    case 0x1100...0x115e, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff: 2
    case 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff: 2
    case 0x20000...0x3fffd: 2
    default: 1
    }
}
