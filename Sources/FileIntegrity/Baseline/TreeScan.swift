package import EventModel
internal import Glibc

/// Compares trees on the disk with the baseline, directory by directory, and brings the baseline up to date.
///
/// The first scan of a root takes it silently; one that was interrupted goes on, because what it had written looks the
/// same. Whatever differs later is a change that nobody reported at the time: it is told with the interval in which it
/// happened.
package final class TreeScan<Tree: FileTree> {
    let baseline: Baseline
    let tree: Tree
    let options: ScanOptions
    /// Nanoseconds since 1970.
    let now: () -> UInt64
    private let report: (FileChange) -> Void
    /// Called for each directory, and in large ones for each few hundred files; `false` ends the scan.
    private let goesOn: (ScanResult) -> Bool
    /// What is known of changes that come in meanwhile; `nil` when nobody listens for them.
    package var judge: (any ScanJudge)?
    /// Called for each file that was written into the baseline.
    package var written: ((ByteString, FileAttributes) throws(DatabaseError) -> Void)?
    /// Makes what was written durable.
    package var commit: () throws(DatabaseError) -> Void
    private var result = ScanResult()
    private var lastPause: UInt64 = 0
    private struct Waiting {
        var path: ByteString
        var depth: Int
        var device: UInt64
        /// What the baseline had as its device; `nil` when it had nothing.
        var known: UInt64?
    }

    /// Directories to be scanned.
    private var waiting: [Waiting] = []
    private var root: BaselineRoot?
    /// What is new is taken in silence: nothing can be said of what was there before.
    private var takesNew = true
    /// The baseline was taken by other rules: what was left out then was there before.
    private var hasOtherRules = false
    /// A filesystem is mounted over what is known, or not mounted where it was.
    private var hidesSomething = false
    /// Files written between two commits.
    private static var mostPending: Int { 2_000 }
    /// For how long directories are read from one state of the baseline. Nanoseconds.
    private static var longestRead: UInt64 { 20_000_000 }
    private var readingSince: UInt64 = 0
    /// When the directory was listed that is being visited: what is written of its files was so then, or later.
    private var listed: UInt64 = 0
    /// It ends early.
    private var isCut = false

    package init(
        baseline: Baseline, tree: Tree, options: ScanOptions, now: @escaping () -> UInt64,
        report: @escaping (FileChange) -> Void, goesOn: @escaping (ScanResult) -> Bool = { _ in true }
    ) {
        self.baseline = baseline
        self.tree = tree
        self.options = options
        self.now = now
        self.report = report
        self.goesOn = goesOn
        commit = { () throws(DatabaseError) in try baseline.commit() }
        tree.use(options.digests, helpers: options.helpers)
    }

    /// Scans `path` and what is below it. Returns what was done; `nil` when it was ended early.
    ///
    /// - Throws: `DatabaseError`; what was committed before stays.
    package func scan(_ path: ByteString) throws(DatabaseError) -> ScanResult? {
        defer { endWalk() }
        root = try baseline.root(path)
        takesNew = root == nil
        hasOtherRules = root.map { options.rulesDigest ?? $0.rules != $0.rules } ?? false
        hidesSomething = false
        let began = now()
        guard try walk([path]) else { return nil }
        if options.updates {
            // What is left to its event was as known when the scan before this one came by, not now.
            let scanned = result.deferred == 0 && !hidesSomething ? began : root?.scanned ?? began
            try baseline.setRoot(
                path,
                BaselineRoot(
                    taken: root?.taken ?? now(), scanned: scanned,
                    rules: options.rulesDigest ?? root?.rules ?? 0))
        }
        try commit()
        return result
    }

    /// Scans parts of the tree at `root`: what stands at `paths`, which are all in the same directory, and below them.
    /// Returns what was done; `nil` when it was ended early. What was written is not yet committed.
    ///
    /// - Parameter isSilent: takes what is new without telling.
    /// - Throws: `DatabaseError`; what was committed before stays.
    package func scan(
        parts paths: [ByteString], of root: ByteString, isSilent: Bool
    ) throws(DatabaseError) -> ScanResult? {
        defer { endWalk() }
        self.root = isSilent ? nil : try baseline.root(root)
        takesNew = self.root == nil
        hasOtherRules = false
        return try walk(paths) ? result : nil
    }

    private func endWalk() {
        tree.finish()
        // When that fails, so has what failed before.
        try? baseline.endReading()
    }

    /// Whether it came to its end.
    private func walk(_ paths: [ByteString]) throws(DatabaseError) -> Bool {
        result = ScanResult()
        isCut = false
        try visitEntries(paths)
        while !isCut, let next = waiting.popLast() {
            try read()
            try visitDirectory(next)
            _ = try pause()
        }
        if options.rules?.keepsOnlySome ?? false {
            for path in paths where !isCut { try forgetLostDirectories(below: path) }
        }
        if isCut {
            waiting.removeAll()
            try commit()
        }
        return !isCut
    }

    /// Whether to go on; asked at most every 20 ms, unless `afterAll`, at the end of a directory. Once not, never again.
    func pause(afterAll: Bool = true) throws(DatabaseError) -> Bool {
        if isCut { return false }
        let time = now()
        if !afterAll, time &- lastPause < Self.longestRead { return true }
        lastPause = time
        if baseline.pending >= Self.mostPending { try commit() }
        // Others may write meanwhile, or it may take a while.
        if judge != nil { try baseline.endReading() }
        isCut = !goesOn(result)
        return !isCut
    }

    /// Reads the next directories from one state of the baseline, but of no old one: that would hold up others.
    private func read() throws(DatabaseError) {
        let time = now()
        if time &- readingSince > Self.longestRead {
            try baseline.endReading()
            readingSince = time
        }
        try baseline.beginReading()
    }

    /// Visits what the walk begins with: entries of one directory, which is listed once for all of them.
    private func visitEntries(_ paths: [ByteString]) throws(DatabaseError) {
        guard let directory = paths.first?.parent else { return }
        if paths == ["/"] {
            waiting = [Waiting(path: directory, depth: 0, device: 0)]
            return
        }
        listed = now()
        let error = tree.list(directory)
        guard error == 0 || error == ENOENT else {
            noteUnreadable(directory, error)
            return
        }
        let isThere = error == 0
        for path in paths where path != "/" {
            let known = try baseline.record(of: path)?.attributes
            if isThere, let position = position(of: path.lastComponent) {
                try visit(position, in: Waiting(path: directory, depth: -1, device: 0), glance: known)
            } else if known != nil {
                try forget(path, listed: listed)
            }
            guard try pause(afterAll: false) else { return }
        }
    }

    /// One that has just gone is found missing by the next scan.
    private func noteUnreadable(_ directory: ByteString, _ error: Int32) {
        result.unreadable += 1
        if error == EOVERFLOW { result.tooLarge = directory }
    }

    /// Where the name is in the directory that was listed last; `nil` where it is not.
    private func position(of name: ByteString) -> Int? {
        var places = 0..<tree.count
        while !places.isEmpty {
            let middle = places.lowerBound + places.count / 2
            let order = tree.compareName(at: middle, with: name)
            if order == 0 { return middle }
            places = order < 0 ? (middle + 1)..<places.upperBound : places.lowerBound..<middle
        }
        return nil
    }

    private func visitDirectory(_ directory: Waiting) throws(DatabaseError) {
        let path = directory.path
        listed = now()
        let error = tree.list(path)
        guard error == 0 else {
            noteUnreadable(path, error)
            return
        }
        result.directories += 1
        if options.helpers > 0, takesNew || options.rereads {
            tree.expect { [options] name in options.limitOfNew(path.appending(name)) }
        }
        var position = 0
        var gone: [ByteString] = []
        var last = ByteString()
        while true {
            let known = try baseline.glances(of: path, after: last, limit: Baseline.batch)
            for child in known {
                var isThere = false
                while position < tree.count, !isThere {
                    let order = tree.compareName(at: position, with: child.name)
                    if order > 0 { break }
                    isThere = order == 0
                    let glance = isThere ? child.attributes : nil
                    try visit(position, in: directory, glance: glance)
                    position += 1
                    guard try pause(afterAll: false) else { return }
                }
                if !isThere { gone.append(child.name) }
            }
            guard known.count == Baseline.batch, let name = known.last?.name else { break }
            last = name
            guard try pause() else { return }
        }
        for position in position..<tree.count {
            try visit(position, in: directory, glance: nil)
            guard try pause(afterAll: false) else { return }
        }
        for name in gone {
            try forget(path.appending(name), listed: listed)
            guard try pause(afterAll: false) else { return }
        }
    }

    /// Compares one entry with what is known of it at a glance; `nil` for one that is not known.
    private func visit(
        _ position: Int, in place: Waiting, glance: FileAttributes?
    ) throws(DatabaseError) {
        let (directory, depth, device) = (place.path, place.depth, place.device)
        if glance == nil, takesNew {
            return try take(position, in: directory, depth: depth, device: device)
        }
        guard var attributes = tree.status(at: position) else {
            if glance != nil { try forget(directory.appending(tree.name(at: position))) }
            return
        }
        let looksTheSame = glance.map { attributes.looksLike($0) } ?? false
        let isShort = looksTheSame && !options.digests.isEmpty && glance.map { options.misses($0) } ?? false
        // Most files of most scans: no more is asked for.
        if looksTheSame, attributes.type != .directory, !options.rereads, !isShort, options.meansAll {
            result.files += 1
            return
        }
        let name = tree.name(at: position)
        let path = directory.appending(name)
        guard options.keeps(path) else {
            if let glance, options.updates { try drop(path, glance) }
            if attributes.type == .directory, options.rules != nil {
                enter(path, depth: depth, device: attributes.device, from: device)
            }
            return
        }
        if let glance, isOutOfSight(position, in: place, attributes, glance) {
            result.unreadable += 1
            hidesSomething = true
            return
        }
        result.files += 1
        var isDue = !looksTheSame || options.rereads && attributes.type == .file
        if !isDue, isShort { isDue = try wasRead(path) }
        if isDue {
            let isNoted = try renew(&attributes, position, at: path, isKnown: glance != nil)
            guard isNoted else {
                // What is below may differ too, whatever becomes of the directory itself.
                if let glance, glance.type == .directory, attributes.type == .directory {
                    enter(path, depth: depth, device: attributes.device, from: device, known: glance.device)
                }
                return
            }
            if options.updates { try put(attributes, name, in: directory) }
        } else if let judge, options.isLarge(attributes, at: path),
            try baseline.record(of: path)?.attributes.sha256 == nil
        {
            judge.noteLackOfDigest(at: path)
        }
        if attributes.type == .directory {
            enter(path, depth: depth, device: attributes.device, from: device, known: glance?.device)
        }
    }

    /// Whether the content was read: of a file that was too large, or could not be read, digests are not missing.
    private func wasRead(_ path: ByteString) throws(DatabaseError) -> Bool {
        try baseline.record(of: path)?.attributes.sha256 != nil
    }

    /// Learns all of an entry's attributes, and tells what has changed; `false` when there is nothing to be written.
    private func renew(
        _ attributes: inout FileAttributes, _ position: Int, at path: ByteString, isKnown: Bool
    ) throws(DatabaseError) -> Bool {
        let isFirst = !isKnown && takesNew
        let isLarge = options.isLarge(attributes, at: path)
        if isLarge {
            // It would be read in vain.
            let known = try isFirst ? nil : baseline.record(of: path)
            let isExplained = judge?.explains(known, attributes) ?? false
            if !isFirst, !isExplained, awaitsEvent(at: path, attributes) { return false }
            guard try completeLarge(&attributes, position, at: path) else { return false }
        } else {
            let limit = min(options.digestLimit(for: path), ScanOptions.mostAtOnce)
            guard tree.complete(&attributes, at: position, digestLimit: limit, settles: !isFirst) else {
                if isKnown { try forget(path) }
                return false
            }
        }
        if attributes.sha256 != nil { result.read += 1 }
        let record = try isFirst ? nil : baseline.record(of: path)
        if isLarge, attributes.sha256 == nil, let record, record.attributes.sha256 != nil,
            attributes.differences(from: record.attributes).isEmpty
        {
            // Only its content can tell whether it has changed.
            judge?.awaitDigest(at: path)
            result.deferred += 1
            return false
        }
        return try note(attributes, at: path, record: record)
    }

    /// Learns all of a large file's attributes, with pauses in which it may change: then without its digest. Returns
    /// `false` when another file is there by now, or it ends early.
    private func completeLarge(
        _ attributes: inout FileAttributes, _ position: Int, at path: ByteString
    ) throws(DatabaseError) -> Bool {
        let first = attributes
        var read = first
        if judge?.mayDigest(path, size: first.size) ?? true {
            var (spent, since) = (UInt64(0), now())
            try tree.digest(&read, at: position) { () throws(DatabaseError) in
                let time = now()
                spent += time > since ? time - since : 0
                defer { since = now() }
                return try pause(afterAll: false)
            }
            if isCut { return false }
            let isDone = read.sha256 != nil && tree.status(at: position)?.looksLike(first) ?? false
            judge?.noteDigest(of: path, took: spent, isDone: isDone)
        }
        guard let now = tree.status(at: position), now.type == .file, now.inode == first.inode else {
            // Its event tells, or the next scan.
            result.deferred += 1
            return false
        }
        attributes = now
        guard tree.complete(&attributes, at: position, digestLimit: 0, settles: false) else { return false }
        if now.looksLike(first) { attributes.takeContent(of: read) }
        return true
    }

    /// Takes an entry that nothing is known of into a baseline that is being taken.
    private func take(
        _ position: Int, in directory: ByteString, depth: Int, device: UInt64
    ) throws(DatabaseError) {
        let name = tree.name(at: position)
        let path = options.meansAll ? nil : directory.appending(name)
        if let path, !options.keeps(path) {
            if options.rules != nil, let attributes = tree.status(at: position), attributes.type == .directory
            {
                enter(path, depth: depth, device: attributes.device, from: device)
            }
            return
        }
        let limit = path.map { options.digestLimit(for: $0) } ?? options.digestLimit
        guard var attributes = tree.take(at: position, digestLimit: min(limit, ScanOptions.mostAtOnce)) else {
            return
        }
        if attributes.size > ScanOptions.mostAtOnce {
            let path = path ?? directory.appending(name)
            if options.isLarge(attributes, at: path), try !completeLarge(&attributes, position, at: path) {
                return
            }
        }
        result.files += 1
        result.taken += 1
        if attributes.sha256 != nil { result.read += 1 }
        if attributes.type == .directory {
            enter(path ?? directory.appending(name), depth: depth, device: attributes.device, from: device)
        }
        if options.updates { try put(attributes, name, in: directory) }
    }

    private func put(
        _ attributes: FileAttributes, _ name: ByteString, in directory: ByteString
    ) throws(DatabaseError) {
        try baseline.put(attributes, name: name, in: directory, seen: listed)
        try written?(directory.appending(name), attributes)
    }

    /// Whether a filesystem has been mounted over the directory that is known, or is not mounted where it was: what is
    /// known is not gone then. Device numbers tell little, they are given anew at each boot.
    private func isOutOfSight(
        _ position: Int, in place: Waiting, _ now: FileAttributes, _ known: FileAttributes
    ) -> Bool {
        guard now.type == .directory, known.type == .directory, now.device != known.device else {
            return false
        }
        let isRoot = tree.isMountRoot(at: position)
        // Of what holds a watch nothing is known: what is no mount and another directory has lost one.
        guard let parent = place.known else { return place.depth < 0 && !isRoot && now.inode != known.inode }
        return isRoot != (parent != known.device)
    }

    private func enter(
        _ path: ByteString, depth: Int, device: UInt64, from parent: UInt64, known: UInt64? = nil
    ) {
        guard options.enters(path, depth: depth) else { return }
        if device != parent, tree.isKernelState(path) { return }
        waiting.append(Waiting(path: path, depth: depth + 1, device: device, known: known))
    }

    /// Tells what has changed, if anything has; `false` when an event may still tell of it.
    private func note(
        _ attributes: FileAttributes, at path: ByteString, record: BaselineRecord?
    ) throws(DatabaseError) -> Bool {
        guard let record else {
            if takesNew || hasOtherRules && attributes.changed < root?.scanned ?? 0 {
                result.taken += 1
                return true
            }
            if judge?.explains(nil, attributes) ?? false { return true }
            if awaitsEvent(at: path, attributes) { return false }
            tell(.created, path, before: nil, after: attributes, at: now())
            return true
        }
        let differences = attributes.differences(from: record.attributes)
        guard let kind = ChangeKind(changed: differences) else { return true }
        let isExplained = judge?.explains(record, attributes) ?? false
        if !isExplained, awaitsEvent(at: path, attributes) { return false }
        if record.attributes.type == .directory, attributes.type != .directory {
            // Meanwhile an event may have told of it.
            guard try forgetTree(path), try baseline.record(of: path) == record else { return false }
        }
        if !isExplained { tell(kind, path, before: record, after: attributes, at: now()) }
        return true
    }

    /// Whether the difference is left to its event.
    func awaitsEvent(at path: ByteString, _ attributes: FileAttributes?) -> Bool {
        guard judge?.awaitsEvent(at: path, attributes) ?? false else { return false }
        result.deferred += 1
        return true
    }

    func tell(
        _ kind: ChangeKind, _ path: ByteString, before: BaselineRecord?, after: FileAttributes?,
        at time: UInt64
    ) {
        result.changes += 1
        let type = after?.type ?? before?.attributes.type ?? .unknown
        var change = FileChange(kind: kind, path: path, type: type, time: time, source: .scan)
        change.describe(after ?? before?.attributes)
        change.before = before?.attributes
        change.after = after
        // What was written by events was seen then; all the rest was as it is now when the last scan came by.
        let from = max(before?.seen ?? 0, root?.scanned ?? 0)
        change.interval = min(from, time)...time
        report(change)
    }
}

extension FileChange {
    /// Takes over what a line says of the file itself.
    fileprivate mutating func describe(_ attributes: FileAttributes?) {
        guard let attributes else { return }
        inode = attributes.inode
        device = attributes.device
        size = attributes.size
        mode = attributes.mode
        owner = attributes.owner
        group = attributes.group
    }
}
