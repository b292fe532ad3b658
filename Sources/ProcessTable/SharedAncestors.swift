internal import EventModel

/// The ancestors that were written out last: what processes of one parent change shares them, where thousands of
/// changes may wait with some kilobytes of ancestors each.
struct SharedAncestors {
    private static let capacity = 8
    private var recent: [[ProcessIdentity]] = []
    /// The one that makes room for the next.
    private var oldest = 0

    /// Ancestors equal to `ancestors`, in the memory of earlier ones where possible.
    mutating func share(_ ancestors: [ProcessIdentity]) -> [ProcessIdentity] {
        if let known = recent.first(where: { $0 == ancestors }) { return known }
        if recent.count < Self.capacity {
            recent.append(ancestors)
        } else {
            recent[oldest] = ancestors
            oldest = (oldest + 1) % Self.capacity
        }
        return ancestors
    }
}
