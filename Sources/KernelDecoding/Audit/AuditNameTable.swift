package import EventModel

/// Names by number, read once from one of the generated tables.
///
/// A table's text is lines of a number and the names of that number and those after it.
package struct AuditNameTable: Sendable {
    /// Where a name stands in `bytes`.
    package struct Entry: Sendable {
        package var start: UInt32
        package var count: UInt32
    }

    private struct Run: Sendable {
        var first: UInt32
        var entry: Int
        var count: UInt32
    }

    /// All names, without separators.
    package private(set) var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var runs: [Run] = []

    init(_ text: StaticString) {
        text.withUTF8Buffer { buffer in
            for line in buffer.split(separator: UInt8(ascii: "\n")) { append(line: line) }
        }
    }

    private mutating func append(line: Slice<UnsafeBufferPointer<UInt8>>) {
        let words = line.split(separator: UInt8(ascii: " "))
        guard let number = words.first?.reduce(UInt32(0), { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) })
        else { return }
        let names = words.dropFirst()
        if let last = runs.last, last.first + last.count == number {
            runs[runs.count - 1].count += UInt32(names.count)
        } else {
            runs.append(Run(first: number, entry: entries.count, count: UInt32(names.count)))
        }
        for name in names {
            entries.append(Entry(start: UInt32(bytes.count), count: UInt32(name.count)))
            bytes.append(contentsOf: name)
        }
    }

    /// Where the name of `number` stands in `bytes`; `nil` when it has none.
    package func entry(_ number: UInt32) -> Entry? {
        for run in runs where number >= run.first && number - run.first < run.count {
            return entries[run.entry + Int(number - run.first)]
        }
        return nil
    }

    /// The name of `number`.
    package func name(_ number: UInt32) -> ByteString? {
        guard let entry = entry(number) else { return nil }
        let start = Int(entry.start)
        return ByteString(Array(bytes[start..<start + Int(entry.count)]))
    }

    /// Calls `body` with every number and name, in the order of the table.
    package func forEach(_ body: (UInt32, ArraySlice<UInt8>) -> Void) {
        for run in runs {
            for step in 0..<run.count {
                let entry = entries[run.entry + Int(step)]
                body(run.first + step, bytes[Int(entry.start)..<Int(entry.start + entry.count)])
            }
        }
    }
}
