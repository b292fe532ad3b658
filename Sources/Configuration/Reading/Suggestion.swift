/// What somebody may have meant who wrote something that is not known.
enum Suggestion {
    /// One of `known` that begins like it, else the nearest, or `nil` when none is near.
    static func nearest(to text: String, among known: [String]) -> String? {
        let begun = known.first { text.utf8.count >= 3 && ($0.hasPrefix(text) || text.hasPrefix($0)) }
        if let begun { return begun }
        let most = max(1, min(3, text.utf8.count / 3))
        let candidates = known.map { ($0, distance(text, $0)) }.filter { $0.1 <= most }
        return candidates.min { $0.1 < $1.1 }?.0
    }

    /// How many letters must be added, removed, replaced or swapped with their neighbour to make one of the other.
    /// For names: longer ones are as far as can be.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count <= 64, right.count <= 64 else { return .max }
        var before: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(previous[column + 1], current[column]) + 1
                best = min(best, previous[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, before[column - 1] + 1)
                }
                current.append(best)
            }
            (before, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
