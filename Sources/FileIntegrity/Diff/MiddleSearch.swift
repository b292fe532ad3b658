/// Looks for a point on a shortest path through an edit graph, from both corners at once.
///
/// A point has so many lines of the text before behind it (`x`) and so many of the text after (`y`); a diagonal is
/// `x - y`. Each front says how far `x` has come on each diagonal with the edits so far.
struct MiddleSearch {
    /// Edits that each front makes at most.
    static let mostEdits = 256
    /// Diagonals and matches that are gone along in all: some hundredths of a second.
    private var steps = 8_000_000
    private var forward = Front()
    private var backward = Front()

    struct Point: Equatable {
        var before: Int
        var after: Int
    }

    /// A point that divides the box; `nil` when the steps are used up.
    ///
    /// - Parameter box: not empty on either side, and its first lines and its last lines differ.
    mutating func middle(of box: EditScript.Box, _ before: [UInt32], _ after: [UInt32]) -> Point? {
        let (low, high) = (box.before, box.after)
        forward.start(at: low.lowerBound, diagonal: low.lowerBound - high.lowerBound)
        backward.start(at: low.upperBound, diagonal: low.upperBound - high.upperBound)
        let isOdd = (forward.center - backward.center) & 1 != 0
        for _ in 0..<Self.mostEdits {
            if let met = advanceForward(box, before, after, meets: isOdd) { return met }
            if let met = advanceBackward(box, before, after, meets: !isOdd) { return met }
            guard steps > 0 else { return nil }
        }
        return farthest(in: box)
    }

    private mutating func advanceForward(
        _ box: EditScript.Box, _ before: [UInt32], _ after: [UInt32], meets: Bool
    ) -> Point? {
        forward.widen(within: box, unreached: -1)
        for diagonal in stride(from: forward.last, through: forward.first, by: -2) {
            let (left, right) = (forward[diagonal - 1], forward[diagonal + 1])
            let start = left < right ? right : left + 1
            var (x, y) = (start, start - diagonal)
            while x < box.before.upperBound, y < box.after.upperBound, before[x] == after[y] {
                (x, y) = (x + 1, y + 1)
            }
            forward[diagonal] = x
            steps -= 1 + x - start
            if meets, backward.has(diagonal), backward[diagonal] <= x { return Point(before: x, after: y) }
        }
        return nil
    }

    private mutating func advanceBackward(
        _ box: EditScript.Box, _ before: [UInt32], _ after: [UInt32], meets: Bool
    ) -> Point? {
        backward.widen(within: box, unreached: .max)
        for diagonal in stride(from: backward.last, through: backward.first, by: -2) {
            let (left, right) = (backward[diagonal - 1], backward[diagonal + 1])
            let start = left < right ? left : right - 1
            var (x, y) = (start, start - diagonal)
            while x > box.before.lowerBound, y > box.after.lowerBound, before[x - 1] == after[y - 1] {
                (x, y) = (x - 1, y - 1)
            }
            backward[diagonal] = x
            steps -= 1 + start - x
            if meets, forward.has(diagonal), x <= forward[diagonal] { return Point(before: x, after: y) }
        }
        return nil
    }

    /// Where the forward front has come farthest from its corner, within the box.
    private func farthest(in box: EditScript.Box) -> Point? {
        var best: Point?
        for diagonal in stride(from: forward.last, through: forward.first, by: -2) {
            var x = min(forward[diagonal], box.before.upperBound)
            x = min(x, box.after.upperBound + diagonal)
            let point = Point(before: x, after: x - diagonal)
            if point.before + point.after > best.map({ $0.before + $0.after }) ?? -1 { best = point }
        }
        // Without progress there would be no end.
        let corners = [
            Point(before: box.before.lowerBound, after: box.after.lowerBound),
            Point(before: box.before.upperBound, after: box.after.upperBound),
        ]
        return best.flatMap { corners.contains($0) ? nil : $0 }
    }
}

/// How far each diagonal from `first` to `last`, every second of them, has come. Room for `mostEdits` edits.
private struct Front {
    private(set) var center = 0
    private(set) var first = 0
    private(set) var last = 0
    private var reached = [Int](repeating: 0, count: 2 * MiddleSearch.mostEdits + 3)

    mutating func start(at x: Int, diagonal: Int) {
        (center, first, last) = (diagonal, diagonal, diagonal)
        self[diagonal] = x
    }

    subscript(diagonal: Int) -> Int {
        get { reached[diagonal - center + MiddleSearch.mostEdits + 1] }
        set { reached[diagonal - center + MiddleSearch.mostEdits + 1] = newValue }
    }

    func has(_ diagonal: Int) -> Bool { diagonal >= first && diagonal <= last }

    /// Takes in the diagonals beside, as far as the box has them; those that it has not are left out from now on.
    mutating func widen(within box: EditScript.Box, unreached: Int) {
        if first > box.before.lowerBound - box.after.upperBound {
            first -= 1
            self[first - 1] = unreached
        } else {
            first += 1
        }
        if last < box.before.upperBound - box.after.lowerBound {
            last += 1
            self[last + 1] = unreached
        } else {
            last -= 1
        }
    }
}
