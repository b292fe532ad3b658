package import EventModel

/// Completes changes with what their files were before and are now, and keeps the baseline true to them.
///
/// Changes come in the order in which they happened. Between a change and the look at its file more may have happened:
/// then `after` is as the file is now, and the next change finds less of a difference. One thread owns it.
package final class LiveBaseline {
    private let baseline: Baseline
    private let reader: any PathReading
    private let now: () -> UInt64
    /// Files whose number of links a change has told of, though only under one of their names.
    private var linked = RecentSet<FileKey>(capacity: 4_096)

    private struct FileKey: Hashable {
        var device: UInt64
        var inode: UInt64

        init(_ attributes: FileAttributes) { (device, inode) = (attributes.device, attributes.inode) }
    }

    /// - Parameter now: nanoseconds since 1970.
    package init(baseline: Baseline, reader: any PathReading, now: @escaping () -> UInt64) {
        self.baseline = baseline
        self.reader = reader
        self.now = now
    }

    /// Whether a change has told why the file has another number of links than the baseline says.
    package func explainsLinks(of attributes: FileAttributes) -> Bool { linked.contains(FileKey(attributes)) }

    /// Adds `before` and `after` to `change`, and writes what it comes to.
    ///
    /// - Parameter isKept: whether the baseline holds the path at all, and the previous one.
    /// - Returns: a directory that was moved here with content of which nothing is known, to be taken.
    /// - Throws: `DatabaseError`; `change` is then as it was.
    package func complete(
        _ change: inout FileChange, digestLimit: UInt64, isKept: (ByteString) -> Bool
    ) throws(DatabaseError) -> ByteString? {
        switch change.kind {
        case .deleted, .transient:
            change.before = try forget(change.path)
            return nil
        case .renamed:
            return try move(&change, digestLimit: digestLimit, isKept: isKept)
        case .created, .linked:
            return try renew(&change, before: nil, digestLimit: digestLimit)
        case .modified, .attributes, .replaced:
            let before = try baseline.record(of: change.path)?.attributes
            return try renew(&change, before: before, digestLimit: digestLimit)
        }
    }

    /// Takes `path` and what is below it out of the baseline; returns what was known of `path` itself.
    private func forget(_ path: ByteString) throws(DatabaseError) -> FileAttributes? {
        let known = try baseline.record(of: path)?.attributes
        if let known, known.type == .directory {
            try baseline.removeTree(path) { (_, _) throws(DatabaseError) in }
        }
        if known != nil { try baseline.remove(path) }
        noteLinks(known)
        return known
    }

    private func move(
        _ change: inout FileChange, digestLimit: UInt64, isKept: (ByteString) -> Bool
    ) throws(DatabaseError) -> ByteString? {
        guard let previous = change.previousPath else {
            return try renew(&change, before: nil, digestLimit: digestLimit)
        }
        let before = try baseline.record(of: previous)?.attributes
        guard isKept(change.path) else {
            _ = try forget(previous)
            change.before = before
            return nil
        }
        if change.overwroteTarget { _ = try forget(change.path) }
        if before?.type == .directory { try baseline.moveTree(previous, to: change.path) }
        if before != nil { try baseline.remove(previous) }
        return try renew(&change, before: before, digestLimit: digestLimit)
    }

    /// Looks at the file and writes what it is now.
    private func renew(
        _ change: inout FileChange, before: FileAttributes?, digestLimit: UInt64
    ) throws(DatabaseError) -> ByteString? {
        change.before = before
        guard let after = reader.attributes(of: change.path, digestLimit: digestLimit) else {
            // It has gone since: another change tells of that, and needs to know what it was.
            if let before, change.kind == .renamed {
                try baseline.put(before, at: change.path, seen: now())
            }
            return nil
        }
        if before?.type == .directory, after.type != .directory {
            try baseline.removeTree(change.path) { (_, _) throws(DatabaseError) in }
        }
        try baseline.put(after, at: change.path, seen: now())
        change.after = after
        if change.kind == .linked || after.links != before?.links { noteLinks(after) }
        try renewFirstName(change)
        return before == nil && isArrival(change, after) ? change.path : nil
    }

    /// The name that was linked has one link more now, and nobody tells of that.
    private func renewFirstName(_ change: FileChange) throws(DatabaseError) {
        guard change.kind == .linked, let first = change.previousPath, let after = change.after,
            let record = try baseline.record(of: first), FileKey(record.attributes) == FileKey(after)
        else { return }
        var attributes = record.attributes
        (attributes.links, attributes.changed) = (after.links, after.changed)
        try baseline.put(attributes, at: first, seen: now())
    }

    /// Whether it is a directory that came with what is in it, rather than one that was just made.
    private func isArrival(_ change: FileChange, _ after: FileAttributes) -> Bool {
        guard after.type == .directory, change.kind == .created || change.kind == .renamed else {
            return false
        }
        let slack: UInt64 = 1_000_000_000
        return after.born == 0 || after.born &+ slack < change.time
    }

    private func noteLinks(_ attributes: FileAttributes?) {
        guard let attributes, attributes.type != .directory, attributes.links > 1 else { return }
        linked.insert(FileKey(attributes))
    }
}
