package import EventModel

/// Completes changes with what their files were before and are now, and keeps the baseline true to them.
///
/// Between a change and the look at its file more may have happened: then `after` is as the file is now, and the next
/// change finds less of a difference. A change that is finished early may overtake one that happened before it: then a
/// record is younger than the change, or of another file, and is left alone. One thread owns it.
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
            return before.map { told.file($0.attributes)?.loss ?? 0 > $0.seen } ?? false
        }
        guard let known = told.file(after) else { return false }
        if known.change >= after.changed { return true }
        guard let before = before?.attributes, before.inode == after.inode, before.device == after.device
        else {
            return false
        }
        // What became of another name may have been told without saying which file that was.
        return known.fingerprint == ToldFiles.fingerprint(after)
            || after.differences(from: before) == [.links]
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
    ) throws(DatabaseError) -> Aftermath {
        var aftermath = Aftermath()
        switch change.kind {
        case .deleted:
            change.before = try forget(change.path, at: change.time)
            if change.before == nil { try noteUnknown(change) }
            aftermath.hasOtherNames = change.before.map { $0.type != .directory && $0.links > 1 } ?? false
        case .transient:
            change.before = try forget(change.path, at: change.time)
            // A further name of a file that stays: what was done to it by that name has not been told.
            aftermath.hasOtherNames = change.inode != nil
        case .renamed:
            try move(&change, digestLimit: digestLimit, isKept: isKept, &aftermath)
        case .created, .linked:
            let known = try known(change.path, before: change.time)
            try renew(&change, before: nil, digestLimit: digestLimit, &aftermath)
            // Nobody has told yet that another file was here: its end was not heard of.
            if let known, let after = change.after, known.inode != after.inode { change.before = known }
        case .modified, .attributes:
            let known = try baseline.record(of: change.path)?.attributes
            let before = known.flatMap { isSame($0, change) ? $0 : nil }
            try renew(&change, before: before, digestLimit: digestLimit, &aftermath)
        case .replaced:
            let before = try known(change.path, before: change.time)
            // What replaced it has been told of under the name that it had before.
            let moved = try takeMoved(change, &aftermath)
            try renew(&change, before: before, digestLimit: digestLimit, &aftermath)
            if change.after == nil {
                if before != nil { _ = try forget(change.path, at: change.time) }
                try leave(moved, at: change)
            }
        }
        return aftermath
    }

    /// Takes the names that are known out of the change's scratch names: what stood there is gone.
    package func takeKnown(from change: inout FileChange) throws(DatabaseError) -> [ByteString] {
        var known: [ByteString] = []
        for path in change.scratchPaths where try self.known(path, before: change.time) != nil {
            known.append(path)
        }
        change.scratchPaths.removeAll { known.contains($0) }
        return known
    }

    /// Looks again at a path that something came to and left again, of which other changes tell: a look meanwhile may
    /// have found it there, or have missed what is back.
    ///
    /// - Returns: whether there is a difference of which nothing has been told.
    package func lookAgain(at path: ByteString, digestLimit: UInt64) throws(DatabaseError) -> Bool {
        let looked = now()
        let record = try baseline.record(of: path)?.attributes
        guard let after = reader.attributes(of: path, digestLimit: 0) else {
            if record != nil { _ = try forget(path, at: looked) }
            return false
        }
        if let record {
            if after.looksLike(record) || after.inode != record.inode { return false }
            if told.file(after)?.change ?? 0 < after.modified { return true }
        }
        guard let after = reader.attributes(of: path, digestLimit: digestLimit) else { return false }
        try baseline.put(after, at: path, seen: looked)
        return false
    }

    /// What is known of `path` from before `time`; what was written later is of a file that stood there after the change.
    private func known(_ path: ByteString, before time: UInt64) throws(DatabaseError) -> FileAttributes? {
        guard let record = try baseline.record(of: path), record.isOlder(than: time, now: now()) else {
            return nil
        }
        return record.attributes
    }

    /// Whether `attributes` are of the file that the change is about, as far as that is known: another may have had its
    /// name before, or have it by now, of which is told later.
    private func isSame(_ attributes: FileAttributes, _ change: FileChange) -> Bool {
        change.inode == nil || attributes.inode == change.inode
    }

    /// Takes `path` and what is below it out of the baseline; returns what was known of `path` itself.
    private func forget(_ path: ByteString, at time: UInt64) throws(DatabaseError) -> FileAttributes? {
        guard let known = try known(path, before: time) else { return nil }
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
        _ change: inout FileChange, digestLimit: UInt64, isKept: (ByteString) -> Bool,
        _ aftermath: inout Aftermath
    ) throws(DatabaseError) {
        guard isKept(change.path) else {
            change.before = try takeMoved(change, &aftermath)
            return
        }
        if change.overwroteTarget { _ = try forget(change.path, at: change.time) }
        let before = try takeMoved(change, withTree: true, &aftermath)
        try renew(&change, before: before, digestLimit: digestLimit, &aftermath)
        if change.after == nil { try leave(before, at: change) }
        // Changes of what is in it that were told late were told under its old name.
        if before?.type == .directory { aftermath.suspects.append(change.path) }
    }

    /// Takes the file that has moved out of its previous place; returns what was known of it there.
    ///
    /// - Parameter withTree: what is in a directory goes along to its new place.
    private func takeMoved(
        _ change: FileChange, withTree: Bool = false, _ aftermath: inout Aftermath
    ) throws(DatabaseError) -> FileAttributes? {
        guard let previous = change.previousPath, let known = try known(previous, before: change.time) else {
            return nil
        }
        guard isSame(known, change) else {
            aftermath.suspects.append(previous)
            return nil
        }
        if withTree, known.type == .directory { try baseline.moveTree(previous, to: change.path) }
        return try forget(previous, at: change.time)
    }

    /// What moved to the path of `change` has gone from there since: another change tells of that, and needs to know
    /// what it was. Unless it has been told.
    private func leave(_ moved: FileAttributes?, at change: FileChange) throws(DatabaseError) {
        guard let moved, told.file(moved)?.loss ?? 0 <= change.time else { return }
        if let record = try baseline.record(of: change.path), !record.isOlder(than: change.time, now: now()) {
            return
        }
        try baseline.put(moved, at: change.path, seen: change.time)
    }

    /// Looks at the file and writes what it is now.
    private func renew(
        _ change: inout FileChange, before: FileAttributes?, digestLimit: UInt64, _ aftermath: inout Aftermath
    ) throws(DatabaseError) {
        change.before = before
        if let before { told.note(before, until: change.time, isLoss: change.kind.losesAName) }
        let looked = now()
        guard let after = reader.attributes(of: change.path, digestLimit: digestLimit) else { return }
        guard isSame(after, change) else {
            aftermath.suspects.append(change.path)
            return
        }
        if before?.type == .directory, after.type != .directory {
            try baseline.removeTree(change.path) { (_, _) throws(DatabaseError) in }
        }
        try baseline.put(after, at: change.path, seen: looked)
        change.after = after
        told.note(told: after, until: change.time)
        if before == nil && isArrival(change, after) {
            aftermath.arrived = change.path
        } else {
            aftermath.hasOtherNames = after.type != .directory && (after.links > 1 || before?.links ?? 1 > 1)
        }
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
package struct Aftermath: Equatable {
    /// A directory that came with what is in it, of which nothing is known.
    package var arrived: ByteString?
    /// What stands there, or below, may be something else than was told.
    package var suspects: [ByteString] = []
    /// The file has, or had, names that are not known.
    package var hasOtherNames = false
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
