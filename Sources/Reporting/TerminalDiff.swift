internal import EventModel

extension TerminalText {
    /// Appends the diff below the line that was begun, indented: what went in red, what came in green.
    mutating func append(_ diff: UnifiedDiff) {
        for line in diff.text.bytes.split(separator: UInt8(ascii: "\n")) {
            newLine()
            pad(to: 4)
            append(escaped: Array(line), diffStyle(of: line.first))
        }
        guard diff.isTruncated else { return }
        newLine()
        pad(to: 4)
        append("... in all \(diff.added) lines added, \(diff.removed) removed", .dim)
    }
}

private func diffStyle(of mark: UInt8?) -> TerminalStyle? {
    switch mark {
    case UInt8(ascii: "+"): .green
    case UInt8(ascii: "-"): .red
    case UInt8(ascii: "@"): .cyan
    case UInt8(ascii: "\\"): .dim
    default: nil
    }
}
