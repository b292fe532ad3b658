package import EventModel

/// Paths at which a scan found a difference that an event may still tell of. They are looked at again when all events
/// from before must have come in.
package struct Suspects {
    /// When each was found, in rounds.
    private var found: [ByteString: UInt64] = [:]
    /// In the order in which they were found; some have been cleared since.
    private var order: [(path: ByteString, round: UInt64)] = []
    private var first = 0
    /// Rounds that pass before they are looked at again.
    package static let delay: UInt64 = 4
    package static let limit = 4_096

    package init() {}

    package var isEmpty: Bool { found.isEmpty }

    /// Notes a suspect; `false` when there are too many.
    package mutating func insert(_ path: ByteString, round: UInt64) -> Bool {
        guard found[path] == nil else { return true }
        guard found.count < Self.limit, order.count - first < 2 * Self.limit else { return false }
        found[path] = round
        order.append((path, round))
        return true
    }

    /// An event has told of `path`.
    package mutating func clear(_ path: ByteString) {
        found[path] = nil
        if found.isEmpty { (order, first) = ([], 0) }
    }

    /// The next suspect that has waited long enough, taken out.
    ///
    /// - Parameter delay: rounds that it has to have waited.
    package mutating func popDue(round: UInt64, delay: UInt64 = Suspects.delay) -> ByteString? {
        while first < order.count, order[first].round &+ delay <= round {
            let next = order[first]
            first += 1
            if first == order.count || first >= 1_024 {
                order.removeFirst(first)
                first = 0
            }
            if found[next.path] == next.round {
                found[next.path] = nil
                return next.path
            }
        }
        return nil
    }
}
