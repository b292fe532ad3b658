/// Where two texts differ: all that lies between the first difference and the last, in whole lines, with some lines of
/// context on both sides.
struct ChangedPart {
    let before: Range<Int>
    let after: Range<Int>
    /// Lines that both have before that part.
    let linesBefore: Int

    private static let newline = UInt8(ascii: "\n")

    init(_ old: [UInt8], _ new: [UInt8], context: Int) {
        var start = Self.commonStart(old, new)
        let end = Self.commonEnd(old, new, limit: min(old.count, new.count) - start)
        let trail = Self.trail(old[(old.count - end)...], lines: context)
        for _ in 0..<context where start > 0 {
            start = (old[..<(start - 1)].lastIndex(of: Self.newline) ?? -1) + 1
        }
        before = start..<(old.count - end + trail)
        after = start..<(new.count - end + trail)
        linesBefore = old[..<start].count { $0 == Self.newline }
    }

    /// Bytes of the whole lines that both begin with.
    private static func commonStart(_ old: [UInt8], _ new: [UInt8]) -> Int {
        let shorter = min(old.count, new.count)
        var count = 0
        while count < shorter, old[count] == new[count] { count &+= 1 }
        return (old[..<count].lastIndex(of: newline) ?? -1) + 1
    }

    /// Bytes of the whole lines that both end with, at most `limit`.
    private static func commonEnd(_ old: [UInt8], _ new: [UInt8], limit: Int) -> Int {
        var count = 0
        while count < limit, old[old.count - 1 - count] == new[new.count - 1 - count] { count &+= 1 }
        // The line that it begins in may have begun differently.
        guard let first = old[(old.count - count)...].firstIndex(of: newline) else { return 0 }
        return old.count - first - 1
    }

    /// Bytes of the first `lines` lines.
    private static func trail(_ text: ArraySlice<UInt8>, lines: Int) -> Int {
        var end = text.startIndex
        for _ in 0..<lines where end < text.endIndex {
            end = text[end...].firstIndex(of: newline).map { $0 + 1 } ?? text.endIndex
        }
        return end - text.startIndex
    }
}
