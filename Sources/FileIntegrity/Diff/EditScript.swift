/// Which lines of one text go and which of the other come. Those that stay are the same in the same order.
///
/// Divides at the middle of a shortest edit (E. Myers, *An O(ND) Difference Algorithm and Its Variations*, 1986, section
/// 4b), with a stack of its own. A middle that is more than `mostEdits` away is not looked for further: the search
/// divides where it has come farthest, and the edit is no longer the shortest. After `steps` steps altogether, what has
/// not been compared yet is replaced as a whole.
struct EditScript {
    private(set) var isRemoved: [Bool]
    private(set) var isAdded: [Bool]
    private let before: [UInt32]
    private let after: [UInt32]
    private var search = MiddleSearch()

    /// A part of both texts that is still to be compared.
    struct Box {
        var before: Range<Int>
        var after: Range<Int>
    }

    init(_ numbers: LineNumbering) {
        (before, after) = (numbers.before, numbers.after)
        isRemoved = [Bool](repeating: false, count: before.count)
        isAdded = [Bool](repeating: false, count: after.count)
        var boxes = [Box(before: 0..<before.count, after: 0..<after.count)]
        while let next = boxes.popLast() {
            let box = trimmed(next)
            if !box.before.isEmpty, !box.after.isEmpty, let middle = search.middle(of: box, before, after) {
                boxes.append(
                    Box(
                        before: middle.before..<box.before.upperBound,
                        after: middle.after..<box.after.upperBound))
                boxes.append(
                    Box(
                        before: box.before.lowerBound..<middle.before,
                        after: box.after.lowerBound..<middle.after))
            } else {
                for line in box.before { isRemoved[line] = true }
                for line in box.after { isAdded[line] = true }
            }
        }
    }

    var removed: Int { isRemoved.count { $0 } }
    var added: Int { isAdded.count { $0 } }

    /// Without the lines that are the same at both ends.
    private func trimmed(_ box: Box) -> Box {
        var (x, y) = (box.before.lowerBound, box.after.lowerBound)
        var (endX, endY) = (box.before.upperBound, box.after.upperBound)
        while x < endX, y < endY, before[x] == after[y] { (x, y) = (x + 1, y + 1) }
        while x < endX, y < endY, before[endX - 1] == after[endY - 1] { (endX, endY) = (endX - 1, endY - 1) }
        return Box(before: x..<endX, after: y..<endY)
    }
}
