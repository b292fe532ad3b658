package import EventModel

/// Completes changes with what their files were before and are now, and keeps the baseline true to them.
///
/// Changes come in the order in which they happened. Between a change and the look at its file more may have happened:
/// then `after` is as the file is now, and the next change finds less of a difference. One thread owns it.
package final class LiveBaseline {
    private let baseline: Baseline
    private let reader: any PathReading
    private let now: () -> UInt64
    private var told = ToldFiles()

    /// - Parameter now: nanoseconds since 1970.
    package init(baseline: Baseline, reader: any PathReading, now: @escaping () -> UInt64) {
        self.baseline = baseline
        self.reader = reader
        self.now = now
    }

    /// Whether a difference has been told under another name of the file.
    package func explains(_ before: BaselineRecord?, _ after: FileAttributes?) -> Bool {
        guard let after else {
            // It was told that the file has lost a name, after it was known under this one.
            return before.flatMap { record in told.timeOfLoss(of: record.attributes).map { $0 > record.seen }
            }
                ?? false
        }
        guard let time = told.time(of: after) else { return false }
        if time >= after.changed { return true }
        // What became of another name may have been told without saying which file that was.
        return before.map { after.differences(from: $0.attributes) == [.links] } ?? false
    }

    /// The clock was set: times from before mean nothing any more.
    package func forgetTold() { told = ToldFiles() }

    /// Notes a change that was told without being compared.
    package func noteTold(_ change: FileChange) {
        guard let device = change.device, let inode = change.inode else { return }
        told.note(device: device, inode: inode, until: change.time, isLoss: change.kind.losesAName)
    }

    /// Adds `before` and `after` to `change`, and writes what it comes to.
    ///
    /// - Parameter isKept: whether the baseline holds the path at all, and the previous one.
    /// - Returns: what is to be looked at beside the file itself.
    /// - Throws: `DatabaseError`; `change` is then as it was.
    package func complete(
        _ change: inout FileChange, digestLimit: UInt64, isKept: (ByteString) -> Bool
    ) throws(DatabaseError) -> Aftermath? {
        switch change.kind {
        case .deleted, .transient:
            change.before = try forget(change.path, at: change.time)
            if change.before == nil { try noteUnknown(change) }
            return change.before.flatMap { $0.type != .directory && $0.links > 1 ? .otherNames : nil }
        case .renamed:
            return try move(&change, digestLimit: digestLimit, isKept: isKept)
        case .created, .linked:
            let known = try baseline.record(of: change.path)?.attributes
            let aftermath = try renew(&change, before: nil, digestLimit: digestLimit)
            // Nobody has told yet that another file was here: its end was not heard of.
            if let known, let after = change.after, known.inode != after.inode { change.before = known }
            return aftermath
        case .modified, .attributes, .replaced:
            let before = try baseline.record(of: change.path)?.attributes
            // What replaced it has been told of under the name that it had before.
            if change.kind == .replaced, let previous = change.previousPath {
                _ = try forget(previous, at: change.time)
            }
            return try renew(&change, before: before, digestLimit: digestLimit)
        }
    }

    /// Takes `path` and what is below it out of the baseline; returns what was known of `path` itself.
    private func forget(_ path: ByteString, at time: UInt64) throws(DatabaseError) -> FileAttributes? {
        guard let known = try baseline.record(of: path)?.attributes else { return nil }
        if known.type == .directory { try baseline.removeTree(path) { (_, _) throws(DatabaseError) in } }
        try baseline.remove(path)
        told.note(known, until: time, isLoss: true)
        return known
    }

    /// What has gone was not known under this name; it may be under others.
    private func noteUnknown(_ change: FileChange) throws(DatabaseError) {
        guard let inode = change.inode, let directory = try baseline.record(of: change.path.parent) else {
            return
        }
        told.note(device: directory.attributes.device, inode: inode, until: change.time, isLoss: true)
    }

    private func move(
        _ change: inout FileChange, digestLimit: UInt64, isKept: (ByteString) -> Bool
    ) throws(DatabaseError) -> Aftermath? {
        guard let previous = change.previousPath else {
            return try renew(&change, before: nil, digestLimit: digestLimit)
        }
        let before = try baseline.record(of: previous)?.attributes
        guard isKept(change.path) else {
            _ = try forget(previous, at: change.time)
            change.before = before
            return nil
        }
        if change.overwroteTarget { _ = try forget(change.path, at: change.time) }
        if before?.type == .directory { try baseline.moveTree(previous, to: change.path) }
        if before != nil { try baseline.remove(previous) }
        let aftermath = try renew(&change, before: before, digestLimit: digestLimit)
        // Changes of what is in it that were told late were told under its old name.
        return before?.type == .directory ? .moved(change.path) : aftermath
    }

    /// Looks at the file and writes what it is now.
    private func renew(
        _ change: inout FileChange, before: FileAttributes?, digestLimit: UInt64
    ) throws(DatabaseError) -> Aftermath? {
        change.before = before
        if let before { told.note(before, until: change.time, isLoss: change.kind.losesAName) }
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
        told.note(after, until: change.time)
        if before == nil && isArrival(change, after) { return .arrived(change.path) }
        let isShared = after.type != .directory && (after.links > 1 || before?.links ?? 1 > 1)
        return isShared ? .otherNames : nil
    }

    /// Whether it is a directory that came with what is in it, rather than one that was just made.
    private func isArrival(_ change: FileChange, _ after: FileAttributes) -> Bool {
        guard after.type == .directory, change.kind == .created || change.kind == .renamed else {
            return false
        }
        let slack: UInt64 = 1_000_000_000
        return after.born == 0 || after.born &+ slack < change.time
    }
}

/// What a change leaves to be done.
package enum Aftermath: Equatable {
    /// A directory came with what is in it, of which nothing is known.
    case arrived(ByteString)
    /// A directory was renamed.
    case moved(ByteString)
    /// The file has other names, which are not known.
    case otherNames
}

extension ChangeKind {
    /// Whether a file has one name less than before.
    fileprivate var losesAName: Bool {
        switch self {
        case .deleted, .transient, .renamed, .replaced: true
        case .created, .linked, .modified, .attributes: false
        }
    }
}
