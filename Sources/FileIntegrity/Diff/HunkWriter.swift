internal import EventModel

/// Writes the hunks of a diff, until there is no room for a further line.
struct HunkWriter {
    private var output: [UInt8] = []
    private var lines = 0
    private(set) var isFull = false
    private let limits: DiffLimits
    private let linesBefore: Int

    /// - Parameter linesBefore: lines of both texts before the first one of the tables.
    init(limits: DiffLimits, linesBefore: Int) {
        self.limits = limits
        self.linesBefore = linesBefore
    }

    var text: ByteString { ByteString(output) }

    mutating func write(_ old: LineTable, _ new: LineTable, _ script: EditScript) {
        var (x, y) = (0, 0)
        while !isFull, let hunk = Hunk(after: x, y, script) {
            writeHead(hunk.before, hunk.after)
            (x, y) = (hunk.before.lowerBound, hunk.after.lowerBound)
            while !isFull, x < hunk.before.upperBound || y < hunk.after.upperBound {
                if x < hunk.before.upperBound, script.isRemoved[x] {
                    write("-", old, x)
                    x += 1
                } else if y < hunk.after.upperBound, script.isAdded[y] {
                    write("+", new, y)
                    y += 1
                } else {
                    write(" ", old, x)
                    (x, y) = (x + 1, y + 1)
                }
            }
        }
    }

    /// `@@ -12,7 +12,8 @@`: the first line, and how many.
    mutating func writeHead(_ before: Range<Int>, _ after: Range<Int>) {
        append(Array("@@ -\(numbers(before)) +\(numbers(after)) @@\n".utf8), lines: 1)
    }

    private func numbers(_ range: Range<Int>) -> String {
        // Of none, the number of the line before.
        let first = linesBefore + range.lowerBound + (range.isEmpty ? 0 : 1)
        return range.count == 1 ? "\(first)" : "\(first),\(range.count)"
    }

    private mutating func write(_ mark: Unicode.Scalar, _ table: LineTable, _ line: Int) {
        var content = table.text[table[line]]
        let isEnded = content.last == UInt8(ascii: "\n")
        if isEnded { content.removeLast() }
        var written: [UInt8] = [UInt8(ascii: mark)]
        appendSafe(content, limit: limits.lineBytes, to: &written)
        written.append(UInt8(ascii: "\n"))
        if !isEnded { written.append(contentsOf: "\\ No newline at end of file\n".utf8) }
        append(written, lines: isEnded ? 1 : 2)
    }

    private mutating func append(_ text: [UInt8], lines count: Int) {
        guard output.count + text.count <= limits.outputBytes, lines + count <= limits.outputLines else {
            isFull = true
            return
        }
        output.append(contentsOf: text)
        lines += count
    }
}

/// Changes that lie close to each other, with the lines around them.
private struct Hunk {
    var before: Range<Int>
    var after: Range<Int>

    /// The first one at or after the lines `x` and `y`, which stand beside each other; `nil` when there is none.
    init?(after x: Int, _ y: Int, _ script: EditScript) {
        var (x, y) = (x, y)
        let lead = Self.skipKept(&x, &y, script)
        guard x < script.isRemoved.count || y < script.isAdded.count else { return nil }
        let context = UnifiedDiff.context
        let start = (x - min(lead, context), y - min(lead, context))
        while true {
            while x < script.isRemoved.count, script.isRemoved[x] { x += 1 }
            while y < script.isAdded.count, script.isAdded[y] { y += 1 }
            let end = (x, y)
            let kept = Self.skipKept(&x, &y, script)
            if kept > 2 * context || x == script.isRemoved.count && y == script.isAdded.count {
                before = start.0..<(end.0 + min(kept, context))
                after = start.1..<(end.1 + min(kept, context))
                return
            }
        }
    }

    /// Moves past lines that stay; how many.
    private static func skipKept(_ x: inout Int, _ y: inout Int, _ script: EditScript) -> Int {
        let start = x
        while x < script.isRemoved.count, y < script.isAdded.count, !script.isRemoved[x], !script.isAdded[y] {
            (x, y) = (x + 1, y + 1)
        }
        return x - start
    }
}
