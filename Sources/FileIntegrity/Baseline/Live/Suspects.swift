package import EventModel

/// Paths at which a scan found a difference that an event may still tell of. They are looked at again when all events
/// from before must have come in.
package struct Suspects {
    /// When each was found, in rounds.
    private var found: [ByteString: UInt64] = [:]
    /// In the order in which they were found; some have been cleared since.
    private var order: [Suspect] = []
    /// Those that have waited long enough, the first at the end: what is in the same directory stands together.
    private var due: [(directory: ByteString, suspect: Suspect)] = []

    private struct Suspect {
        var path: ByteString
        var round: UInt64
    }

    /// Rounds that pass before they are looked at again.
    package static let delay: UInt64 = 4
    package static let limit = 4_096

    package init() {}

    package var isEmpty: Bool { found.isEmpty }

    /// Notes a suspect; `false` when there are too many.
    package mutating func insert(_ path: ByteString, round: UInt64) -> Bool {
        guard found[path] == nil else { return true }
        guard found.count < Self.limit, order.count < 2 * Self.limit else { return false }
        found[path] = round
        order.append(Suspect(path: path, round: round))
        return true
    }

    /// An event has told of `path`.
    package mutating func clear(_ path: ByteString) {
        found[path] = nil
        if found.isEmpty { (order, due) = ([], []) }
    }

    /// The next suspects that have waited long enough, all of one directory, taken out; none when there are none.
    ///
    /// - Parameter delay: rounds that they have to have waited.
    package mutating func popDue(round: UInt64, delay: UInt64 = Suspects.delay) -> [ByteString] {
        if due.isEmpty { collect(round: round, delay: delay) }
        var paths: [ByteString] = []
        var directory: ByteString?
        while let next = due.last, directory == nil || next.directory == directory {
            due.removeLast()
            guard found[next.suspect.path] == next.suspect.round else { continue }
            found[next.suspect.path] = nil
            directory = next.directory
            paths.append(next.suspect.path)
        }
        return paths
    }

    private mutating func collect(round: UInt64, delay: UInt64) {
        let count = order.firstIndex { $0.round &+ delay > round } ?? order.count
        guard count > 0 else { return }
        due = order[..<count].map { (directory: $0.path.parent, suspect: $0) }
        order.removeFirst(count)
        due.sort { one, other in
            one.directory == other.directory
                ? one.suspect.path > other.suspect.path : one.directory > other.directory
        }
    }
}
