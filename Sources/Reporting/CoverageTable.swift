package import EventModel

/// What each source does, or why it does not, as a table for people.
package struct CoverageTable {
    package var entries: [CoverageEntry]
    package var colour: Bool
    package var width: Int

    /// - Parameter width: columns to keep within; longer reasons and advice are wrapped.
    package init(_ entries: [CoverageEntry], colour: Bool, width: Int = 100) {
        self.entries = entries
        self.colour = colour
        self.width = width
    }

    /// The table, each row ended by a newline.
    package func render() -> [UInt8] {
        let sources = entries.map(\.source.utf8.count)
        let state = max(sources.max() ?? 0, "SOURCE".utf8.count) + 2
        let detail = state + "degraded".utf8.count + 2
        var text = TerminalText(colour: colour)
        text.append("SOURCE", .dim)
        text.pad(to: state)
        text.append("STATE", .dim)
        text.pad(to: detail)
        text.append("WHAT IT DOES, OR WHY NOT", .dim)
        text.newLine()
        for entry in entries {
            text.append(untrusted: ByteString(entry.source), .bold)
            text.pad(to: state)
            text.append(entry.state.label, entry.state.style)
            text.pad(to: detail)
            let parts = [entry.state.reason ?? "", entry.detail].filter { !$0.isEmpty }
            text.append(wrapping: parts.joined(separator: "; "), from: detail, to: width)
            text.newLine()
            guard !entry.advice.isEmpty else { continue }
            text.pad(to: detail)
            text.append(wrapping: entry.advice, from: detail, to: width, .dim)
            text.newLine()
        }
        return text.bytes
    }
}

extension TerminalText {
    /// Appends words, going on in a new line at column `start` when the next one would pass column `end`.
    mutating func append(wrapping words: String, from start: Int, to end: Int, _ style: TerminalStyle? = nil)
    {
        pad(to: start)
        for word in words.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            var piece = TerminalText(colour: colour)
            piece.append(untrusted: ByteString(String(word)), style)
            if columns > start, columns + 1 + piece.columns > end {
                newLine()
                pad(to: start)
            }
            if columns > start { append(" ") }
            append(piece)
        }
    }
}
