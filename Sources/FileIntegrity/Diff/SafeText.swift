/// Appends the first `limit` bytes of a line as text that does nothing but show: what is not UTF-8 becomes U+FFFD;
/// control characters, and those that hide or reorder text, become `\x1b` or `\u{202e}`; tabs stay. A backslash stays
/// too, so that what was not escaped is as it is in the file. What is cut off is told by its length.
func appendSafe(_ line: ArraySlice<UInt8>, limit: Int, to output: inout [UInt8]) {
    let shown = line.count <= limit ? line : wholeScalars(line.prefix(max(0, limit)), of: line)
    for scalar in String(decoding: shown, as: UTF8.self).unicodeScalars {
        if isSafe(scalar) {
            output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else {
            output.append(contentsOf: escaped(scalar).utf8)
        }
    }
    let rest = line.count - shown.count
    if rest > 0 { output.append(contentsOf: "...(\(rest) more bytes)".utf8) }
}

/// Without the beginning of a scalar that goes on after the cut.
private func wholeScalars(_ start: ArraySlice<UInt8>, of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var cut = start.endIndex
    // A scalar has up to three continuation bytes.
    for _ in 0..<3 where cut > line.startIndex && cut < line.endIndex && line[cut] & 0xc0 == 0x80 { cut -= 1 }
    // Not UTF-8: the cut is as good as any other.
    return line[cut] & 0xc0 == 0x80 ? start : line[line.startIndex..<cut]
}

private func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar == "\t" || (0x20..<0x7f).contains(scalar.value) }
    return switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
    default: true
    }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    if scalar == "\r" { return "\\r" }
    return scalar.isASCII ? "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
}
