internal import EventModel

/// Changes that wait for what the package database will say of them, and later ones of the same files. One thread owns
/// it.
struct PendingVerdicts {
    private struct Entry {
        var change: FileChange
        /// When it came, and when it may be asked for again. CLOCK_MONOTONIC nanoseconds.
        var since: UInt64
        var askAgainAt: UInt64
    }

    static let limit = 2_048
    private static let pause: UInt64 = 1_000_000_000
    private var entries: [Entry] = []
    /// How many changes wait that are about a path, by its old name or its new one.
    private var paths: [ByteString: Int] = [:]

    var isEmpty: Bool { entries.isEmpty }
    var isFull: Bool { entries.count >= Self.limit }

    /// Whether a change waits of a file that `change` is about.
    func holds(_ change: FileChange) -> Bool {
        !paths.isEmpty && change.names.contains { paths[$0] != nil }
    }

    func holds(_ path: ByteString) -> Bool { paths[path] != nil }

    mutating func append(_ change: FileChange, now: UInt64) {
        entries.append(Entry(change: change, since: now, askAgainAt: now &+ Self.pause))
        for name in change.names { paths[name, default: 0] += 1 }
    }

    /// Takes out, in their order, those for which `decide` says so; of each path none before an earlier one.
    ///
    /// - Parameter decide: gets the change with how long it has waited, in nanoseconds; fills in what it has learned.
    mutating func release(now: UInt64, _ decide: (inout FileChange, UInt64) -> Bool) -> [FileChange] {
        var released: [FileChange] = []
        var kept: [Entry] = []
        var blocked: Set<ByteString> = []
        for var entry in entries {
            let isFirst = blocked.isDisjoint(with: entry.change.names)
            if isFirst, now >= entry.askAgainAt {
                entry.askAgainAt = now &+ Self.pause
                if decide(&entry.change, now &- entry.since) {
                    released.append(entry.change)
                    drop(entry.change)
                    continue
                }
            }
            blocked.formUnion(entry.change.names)
            kept.append(entry)
        }
        entries = kept
        return released
    }

    /// Takes out the `count` oldest, whatever is known of them.
    mutating func popFirst(_ count: Int) -> [FileChange] {
        let first = entries.prefix(count).map(\.change)
        entries.removeFirst(first.count)
        for change in first { drop(change) }
        return first
    }

    private mutating func drop(_ change: FileChange) {
        for name in change.names {
            guard let count = paths[name] else { continue }
            paths[name] = count > 1 ? count - 1 : nil
        }
    }
}

extension FileChange {
    /// The path, and the previous one.
    fileprivate var names: [ByteString] { [path] + (previousPath.map { [$0] } ?? []) }
}
