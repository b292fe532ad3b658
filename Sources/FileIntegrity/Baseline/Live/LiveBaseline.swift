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
    ) throws(DatabaseError) -> Aftermath? {
        switch change.kind {
        case .deleted:
            change.before = try forget(change.path, at: change.time)
            if change.before == nil { try noteUnknown(change) }
            return change.before.flatMap { $0.type != .directory && $0.links > 1 ? .otherNames : nil }
        case .transient:
            change.before = try forget(change.path, at: change.time)
            // A further name of a file that stays: what was done to it by that name has not been told.
            return change.inode == nil ? nil : .otherNames
        case .renamed:
            return try move(&change, digestLimit: digestLimit, isKept: isKept)
        case .created, .linked:
            let known = try known(change.path, before: change.time)
            let aftermath = try renew(&change, before: nil, digestLimit: digestLimit)
            // Nobody has told yet that another file was here: its end was not heard of.
            if let known, let after = change.after, known.inode != after.inode { change.before = known }
            return aftermath
        case .modified, .attributes:
            let known = try baseline.record(of: change.path)?.attributes
            let before = known.flatMap { isSame($0, change) ? $0 : nil }
            return try renew(&change, before: before, digestLimit: digestLimit)
        case .replaced:
            let before = try known(change.path, before: change.time)
            var doubtful: ByteString?
            // What replaced it has been told of under the name that it had before.
            if let previous = change.previousPath, let known = try known(previous, before: change.time) {
                if isSame(known, change) {
                    _ = try forget(previous, at: change.time)
                } else {
                    doubtful = previous
                }
            }
            return try renew(&change, before: before, digestLimit: digestLimit)
                ?? doubtful.map { .suspect($0) }
        }
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

    /// What is known of `path` from before `time`; what was written later is of a file that stood there after the change.
    private func known(_ path: ByteString, before time: UInt64) throws(DatabaseError) -> FileAttributes? {
        guard let record = try baseline.record(of: path), isOlder(record, than: time) else { return nil }
        return record.attributes
    }

    private func isOlder(_ record: BaselineRecord, than time: UInt64) -> Bool {
        // The clock may have been ahead when it was written.
        record.seen <= time || record.seen > now()
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
        _ change: inout FileChange, digestLimit: UInt64, isKept: (ByteString) -> Bool
    ) throws(DatabaseError) -> Aftermath? {
        guard let previous = change.previousPath else {
            return try renew(&change, before: nil, digestLimit: digestLimit)
        }
        let known = try known(previous, before: change.time)
        let before = known.flatMap { isSame($0, change) ? $0 : nil }
        guard isKept(change.path) else {
            if before != nil { _ = try forget(previous, at: change.time) }
            change.before = before
            return nil
        }
        if change.overwroteTarget { _ = try forget(change.path, at: change.time) }
        if before?.type == .directory { try baseline.moveTree(previous, to: change.path) }
        if before != nil { try baseline.remove(previous) }
        let aftermath = try renew(&change, before: before, digestLimit: digestLimit)
        // Changes of what is in it that were told late were told under its old name.
        if before?.type == .directory { return .suspect(change.path) }
        return aftermath ?? (known != nil && before == nil ? .suspect(previous) : nil)
    }

    /// Looks at the file and writes what it is now.
    private func renew(
        _ change: inout FileChange, before: FileAttributes?, digestLimit: UInt64
    ) throws(DatabaseError) -> Aftermath? {
        change.before = before
        let lastLoss = before.flatMap { told.file($0)?.loss } ?? 0
        if let before { told.note(before, until: change.time, isLoss: change.kind.losesAName) }
        let looked = now()
        let there = reader.attributes(of: change.path, digestLimit: digestLimit)
        guard let after = there, isSame(after, change) else {
            // It has gone since: another change tells of that, and needs to know what it was. Unless it has been told.
            if let before, change.kind == .renamed, lastLoss <= change.time {
                let record = try baseline.record(of: change.path)
                if record.map({ isOlder($0, than: change.time) }) ?? true {
                    try baseline.put(before, at: change.path, seen: change.time)
                }
            }
            return there.map { _ in .suspect(change.path) }
        }
        if before?.type == .directory, after.type != .directory {
            try baseline.removeTree(change.path) { (_, _) throws(DatabaseError) in }
        }
        try baseline.put(after, at: change.path, seen: looked)
        change.after = after
        told.note(told: after, until: change.time)
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
    /// What stands at a path, or below it, may be something else than was told.
    case suspect(ByteString)
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
