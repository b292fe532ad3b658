/// Tells text from what is not.
package enum TextFile {
    /// Whether people would read it: no zero byte, at most one byte of 8 that is not UTF-8 (Latin 1 has fewer), at most
    /// one of 32 that is a control character. In doubt it is not; other encodings are not.
    package static func isText(_ bytes: [UInt8]) -> Bool {
        guard !bytes.contains(0) else { return false }
        var (controls, foreign) = (0, 0)
        var decoder = UTF8()
        var rest = bytes.makeIterator()
        while true {
            switch decoder.decode(&rest) {
            case .scalarValue(let scalar): if isOddControl(scalar) { controls += 1 }
            case .error: foreign += 1
            case .emptyInput: return controls * 32 <= bytes.count && foreign * 8 <= bytes.count
            }
        }
    }

    /// A control character that text has no use for: not tab, newline, return, form feed or escape.
    private static func isOddControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a, 0x0c, 0x0d, 0x1b: false
        case 0x00..<0x20, 0x7f..<0xa0: true
        default: false
        }
    }
}
