/// Two texts as numbers: lines are equal when their numbers are.
///
/// A line's number is its place among the lines of both texts, or that of the first one that is equal.
struct LineNumbering {
    private(set) var before: [UInt32] = []
    private(set) var after: [UInt32] = []
    private let old: LineTable
    private let new: LineTable
    /// An open hash table of numbers plus one; zero is free. At most half of it is used.
    private var slots: [UInt32]

    init(_ old: LineTable, _ new: LineTable) {
        (self.old, self.new) = (old, new)
        var size = 16
        while size < 2 * (old.count + new.count) { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        before.reserveCapacity(old.count)
        after.reserveCapacity(new.count)
        for place in 0..<old.count { before.append(number(at: place)) }
        for place in 0..<new.count { after.append(number(at: old.count + place)) }
    }

    private func line(at place: Int) -> (text: [UInt8], range: Range<Int>) {
        place < old.count ? (old.text, old[place]) : (new.text, new[place - old.count])
    }

    private mutating func number(at place: Int) -> UInt32 {
        let (text, range) = line(at: place)
        // Seeded anew in each process: nobody can make lines that share a slot.
        var hasher = Hasher()
        text.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
        let mask = slots.count - 1
        var slot = hasher.finalize() & mask
        while slots[slot] != 0 {
            let other = line(at: Int(slots[slot] - 1))
            if other.text[other.range] == text[range] { return slots[slot] - 1 }
            slot = (slot + 1) & mask
        }
        slots[slot] = UInt32(place) + 1
        return UInt32(place)
    }
}
