/// The lines of a part of a text. A newline belongs to the line that it ends: a last line without one is another line.
struct LineTable {
    let text: [UInt8]
    /// Where each begins, and where the last ends.
    private var bounds: [UInt32]

    /// - Returns: `nil` when there are more than `limit` lines. The text is shorter than 4 GB.
    init?(_ text: [UInt8], _ part: Range<Int>, limit: Int) {
        self.text = text
        bounds = [UInt32(part.lowerBound)]
        var start = part.lowerBound
        while start < part.upperBound {
            guard count < limit else { return nil }
            start = nextLine(in: text, after: start, before: part.upperBound)
            bounds.append(UInt32(start))
        }
    }

    var count: Int { bounds.count - 1 }

    /// Where the line is in the text.
    subscript(line: Int) -> Range<Int> { Int(bounds[line])..<Int(bounds[line + 1]) }
}

/// The lines of a part of a text.
func lineCount(_ text: [UInt8], _ part: Range<Int>) -> Int {
    var (count, start) = (0, part.lowerBound)
    while start < part.upperBound {
        start = nextLine(in: text, after: start, before: part.upperBound)
        count += 1
    }
    return count
}

/// Where the line that begins at `start` ends, after its newline.
private func nextLine(in text: [UInt8], after start: Int, before end: Int) -> Int {
    var position = start
    while position < end, text[position] != UInt8(ascii: "\n") { position &+= 1 }
    return min(position + 1, end)
}
