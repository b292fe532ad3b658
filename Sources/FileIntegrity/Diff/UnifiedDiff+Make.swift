package import EventModel

extension UnifiedDiff {
    /// Unchanged lines that are shown around a change.
    static let context = 3
    /// Texts with more lines between the first difference and the last are told by their counts alone.
    static let mostLines = 16_384

    /// Compares two texts by lines; `nil` when one of them is longer than the limits let.
    ///
    /// The shortest edit is found where that is cheap; else one that is correct but longer (see `EditScript`). With more
    /// than `mostLines` between the first difference and the last, `text` is only the head of one hunk that replaces
    /// them all.
    ///
    /// What it takes beyond its arguments and its result is at most 1 MB, and less than a tenth of a second.
    package static func make(
        before: [UInt8], after: [UInt8], limits: DiffLimits = DiffLimits()
    ) -> UnifiedDiff? {
        guard max(before.count, after.count) <= limits.inputBytes else { return nil }
        guard before != after else { return UnifiedDiff() }
        let part = ChangedPart(before, after, context: context)
        guard let old = LineTable(before, part.before, limit: mostLines),
            let new = LineTable(after, part.after, limit: mostLines)
        else { return countsAlone(before, after, limits) }
        let script = EditScript(LineNumbering(old, new))
        var hunks = HunkWriter(limits: limits, linesBefore: part.linesBefore)
        hunks.write(old, new, script)
        return UnifiedDiff(
            text: hunks.text, added: script.added, removed: script.removed, isTruncated: hunks.isFull)
    }

    private static func countsAlone(_ before: [UInt8], _ after: [UInt8], _ limits: DiffLimits) -> UnifiedDiff
    {
        let part = ChangedPart(before, after, context: 0)
        let (removed, added) = (lineCount(before, part.before), lineCount(after, part.after))
        var hunks = HunkWriter(limits: limits, linesBefore: part.linesBefore)
        hunks.writeHead(0..<removed, 0..<added)
        return UnifiedDiff(text: hunks.text, added: added, removed: removed, isTruncated: true)
    }
}
