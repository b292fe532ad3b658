import EventModel
import TextDiff

/// What is wrong with a diff.
struct PatchError: Error, CustomStringConvertible {
    var description: String
}

/// Lines with their newlines.
func lines(_ text: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var rest = text[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        result.append(Array(rest[...end]))
        rest = rest[(end + 1)...]
    }
    return rest.isEmpty ? result : result + [Array(rest)]
}

/// Applies a whole diff in unified format, and checks each line and each number of it on the way.
struct Patch {
    private let old: [[UInt8]]
    private var next = 0
    private(set) var result: [[UInt8]] = []
    private(set) var removed = 0
    private(set) var added = 0

    init(_ diff: ByteString, to before: [UInt8]) throws {
        old = lines(before)
        var rest = lines(diff.bytes)[...]
        while let head = rest.popFirst() { try applyHunk(head, &rest) }
        result += old[next...]
    }

    var text: [UInt8] { Array(result.joined()) }

    private mutating func applyHunk(_ head: [UInt8], _ rest: inout ArraySlice<[UInt8]>) throws {
        let (from, to) = try ranges(String(decoding: head, as: UTF8.self))
        guard from.lowerBound >= next, from.upperBound <= old.count else {
            throw PatchError(description: "range")
        }
        result += old[next..<from.lowerBound]
        next = from.lowerBound
        guard result.count == to.lowerBound else { throw PatchError(description: "place after") }
        while let line = rest.first, line.first != UInt8(ascii: "@") {
            rest.removeFirst()
            var content = Array(line.dropFirst())
            if rest.first?.first == UInt8(ascii: "\\") {
                guard rest.removeFirst() == Array("\\ No newline at end of file\n".utf8) else {
                    throw PatchError(description: "mark")
                }
                content.removeLast()
            }
            try apply(line[0], content)
        }
        guard next == from.upperBound, result.count == to.upperBound else {
            throw PatchError(description: "length")
        }
    }

    private mutating func apply(_ mark: UInt8, _ content: [UInt8]) throws {
        switch mark {
        case UInt8(ascii: " "), UInt8(ascii: "-"):
            guard next < old.count, old[next] == content else { throw PatchError(description: "other line") }
            next += 1
            if mark == UInt8(ascii: "-") { removed += 1 } else { result.append(content) }
        case UInt8(ascii: "+"):
            result.append(content)
            added += 1
        default: throw PatchError(description: "line begins with \(mark)")
        }
    }

    /// The lines that a head names, counted from 0.
    private func ranges(_ head: String) throws -> (Range<Int>, Range<Int>) {
        guard let match = head.wholeMatch(of: /@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n/) else {
            throw PatchError(description: "head \(head)")
        }
        func range(_ first: Substring, _ count: Substring?) -> Range<Int> {
            let (first, count) = (Int(first)!, count.map { Int($0)! } ?? 1)
            let start = count == 0 ? first : first - 1
            return start..<(start + count)
        }
        return (range(match.1, match.2), range(match.3, match.4))
    }
}

/// The length of a longest common subsequence, by the textbook.
func commonLines(_ left: [[UInt8]], _ right: [[UInt8]]) -> Int {
    var row = [Int](repeating: 0, count: right.count + 1)
    for line in left {
        var diagonal = 0
        for column in right.indices {
            let above = row[column + 1]
            row[column + 1] = line == right[column] ? diagonal + 1 : max(above, row[column])
            diagonal = above
        }
    }
    return row[right.count]
}

/// The same numbers for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Limits that cut nothing off.
func wide() -> DiffLimits {
    var limits = DiffLimits()
    limits.inputBytes = DiffLimits.mostInputBytes
    (limits.outputBytes, limits.outputLines, limits.lineBytes) = (.max / 2, .max / 2, .max / 2)
    return limits
}
