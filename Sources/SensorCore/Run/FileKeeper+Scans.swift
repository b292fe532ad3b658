internal import Baseline
internal import EventModel
internal import FileReading

/// What no event told of.
extension FileKeeper {
    /// Does what is due: looks again at suspects, takes what was moved here, scans. Returns whether there was anything.
    ///
    /// - Parameter goesOn: called often; takes in the events that have come meanwhile, and says whether to go on.
    func work(goesOn: @escaping () -> Bool) -> Bool {
        guard baseline != nil, status.state == .live else { return false }
        do throws(DatabaseError) {
            let due = suspects.popDue(round: round, delay: delay)
            if !due.isEmpty {
                try look(again: due, goesOn: goesOn)
                return true
            }
            if suspects.isEmpty, pending.isEmpty, !unconfirmed.isEmpty { try confirmScans() }
            if let path = arrivals.popLast() {
                try takeArrival(path, goesOn: goesOn)
                return true
            }
            if late != nil {
                try digestLate()
                return true
            }
            if checksContents {
                try forgetContents()
                return true
            }
            if let task = plan.next(now: Clock.monotonic) {
                try scan(task, goesOn: goesOn)
                return true
            }
            guard let task = pace.popDue(now: Clock.monotonic) else { return false }
            late = LateDigest(task, reader)
            return true
        } catch {
            fail(error)
            return true
        }
    }

    /// Forgets contents that may not be kept any more, some at a time.
    private func forgetContents() throws(DatabaseError) {
        guard let baseline else { return }
        let known = try baseline.contents(after: lastContent, limit: Baseline.batch)
        for content in known where !contents.mayKeep(content.path, options.rules.rule(for: content.path)) {
            try baseline.removeContent(of: content.path)
        }
        lastContent = known.last
        checksContents = known.count == Baseline.batch
    }

    /// Reads a part of a large file; of its change has been told.
    private func digestLate() throws(DatabaseError) {
        guard var late, let baseline else { return }
        budget.use(rate: nil)
        guard !budget.mustWait(files: 0) else { return }
        let isThrough = late.readOn()
        budget.finish()
        self.late = isThrough ? nil : late
        guard isThrough else { return }
        let looked = Clock.realtime
        let now = reader.attributes(of: late.path, digestLimit: 0)
        let isSame = now?.looksLike(late.first) ?? false
        let waits = pace.isDue(late.path)
        pace.note(late.path, took: late.took, isDone: isSame || now == nil, now: Clock.monotonic)
        if !isSame, now != nil, !waits {
            _ = pace.putOff(late.path, known: late.known, now: Clock.monotonic)
        }
        guard var now, isSame, let digest = late.read.sha256, let known = try baseline.record(of: late.path),
            now.looksLike(known.attributes)
        else { return }
        now.takeContent(of: late.read)
        if let before = late.known, before != digest {
            // What was told of the file was not its content.
            var change = FileChange(
                kind: .modified, path: late.path, type: .file, time: Clock.realtime, source: .scan)
            (change.before, change.after) = (known.attributes, now)
            change.before?.sha256 = before
            (change.inode, change.device, change.size) = (now.inode, now.device, now.size)
            (change.mode, change.owner, change.group) = (now.mode, now.owner, now.group)
            let root = options.rules.roots.first { late.path.isWithin($0) }
            let scanned = try root.flatMap { (root) throws(DatabaseError) in try baseline.root(root)?.scanned
            }
            change.interval = min(scanned ?? known.seen, known.seen)...known.seen
            tell(change)
        }
        try baseline.put(now, at: late.path, seen: looked)
    }

    private func look(again paths: [ByteString], goesOn: @escaping () -> Bool) throws(DatabaseError) {
        lookedAt = (Set(paths), Clock.realtime)
        defer { lookedAt = nil }
        let roots = options.rules.roots
        for (root, paths) in Dictionary(grouping: paths, by: { path in roots.first { path.isWithin($0) } }) {
            guard let root else { continue }
            _ = try makeScan(goesOn)?.scan(parts: paths, of: root, isSilent: false)
            budget.finish()
        }
    }

    private func takeArrival(_ path: ByteString, goesOn: @escaping () -> Bool) throws(DatabaseError) {
        var isTaken = false
        // What it came with would be told as new.
        defer { if !isTaken { arrivals.append(path) } }
        isTaken = try makeScan(goesOn)?.scan(parts: [path], of: path, isSilent: true) != nil
        budget.finish()
    }

    private func scan(_ task: ScanPlan.Task, goesOn: @escaping () -> Bool) throws(DatabaseError) {
        guard let baseline else { return }
        let isFirst = try baseline.root(task.root) == nil
        let began = Clock.realtime
        hasMoreSuspects = false
        status.scanning = (task.root, 0)
        defer { status.scanning = nil }
        guard let result = try makeScan(goesOn)?.scan(task.root) else {
            // Ended early: by the end of all, or to be done again.
            return
        }
        budget.finish()
        noteTooLarge(result.tooLarge, in: task.root)
        unconfirmed[task.root] = result.deferred > 0 && !hasMoreSuspects ? began : nil
        if hasMoreSuspects { plan.request(task.root, reason: task.reason) }
        let report = ScanReport(
            root: task.root, reason: task.reason, from: began, to: Clock.realtime, files: result.files,
            read: result.read, changes: result.changes, unreadable: result.unreadable, isFirst: isFirst)
        status.scanned[task.root] = report
        sink.take(.scan(report))
    }

    private func noteTooLarge(_ directory: ByteString?, in root: ByteString) {
        let previous = status.scans.state
        status.tooLarge[root] = directory
        guard previous != status.scans.state else { return }
        sink.take(.coverage(status.scans, previous: previous, time: Clock.realtime))
    }

    /// Everything has been told that was found when these scans came by: what is found later happened later.
    private func confirmScans() throws(DatabaseError) {
        guard let baseline else { return }
        for (path, began) in unconfirmed {
            guard let root = try baseline.root(path) else { continue }
            try baseline.setRoot(path, BaselineRoot(taken: root.taken, scanned: began, rules: root.rules))
        }
        unconfirmed = [:]
    }

    private func makeScan(_ goesOn: @escaping () -> Bool) -> TreeScan<Tree>? {
        guard let baseline else { return nil }
        var scanOptions = ScanOptions()
        scanOptions.rules = options.rules
        scanOptions.rulesDigest = options.rulesDigest
        scanOptions.digests = options.digests
        scanOptions.helpers = ScanBudget.helpers(share: options.processor)
        let tree = tree
        budget.use(rate: options.rate, share: options.processor) { tree.helperTime }
        let budget = budget
        let scan = TreeScan(
            baseline: baseline, tree: tree, options: scanOptions, now: { Clock.realtime },
            report: { [unowned self] in tell($0) },
            goesOn: { [unowned self] result in
                status.scanning?.files = result.files
                repeat {
                    guard budget.leavingOut(goesOn), self.baseline === baseline, status.state == .live else {
                        return false
                    }
                } while budget.mustWait(files: result.files)
                return true
            })
        scan.judge = self
        if options.rules.rules.contains(where: \.showsDiff) {
            scan.written = { [unowned self] (path, attributes) throws(DatabaseError) in
                try contents.keep(path, attributes, options.rules.rule(for: path), baseline)
            }
        }
        scan.commit = { [unowned self] () throws(DatabaseError) in try commit() }
        return scan
    }

    /// Tells what a scan has found.
    private func tell(_ change: FileChange) {
        var change = change
        let rule = options.rules.rule(for: change.path)
        _ = learnPackage(of: &change, canWait: false)
        rate(&change, rule)
        change.isDigestDeferred = isWithoutDigest(change.after, rule)
        if change.isDigestDeferred { _ = pace.putOff(change.path, known: nil, now: Clock.monotonic) }
        if let baseline, let rule, rule.showsDiff, change.before != nil {
            // The scan meets the same trouble with the database, and says so.
            change.contentDiff = try? contents.difference(at: change.path, change.after, rule, baseline)
        }
        status.found += 1
        sink.take(.change(change))
    }
}

extension FileKeeper: ScanJudge {
    /// Whether the difference is so young that its event may still be on its way.
    func awaitsEvent(at path: ByteString, _ attributes: FileAttributes?) -> Bool {
        if pending.holds(path) { return true }
        // Of what is gone its directory tells when; when that is gone too, it may be just now.
        let changed =
            attributes?.changed ?? reader.attributes(of: path.parent, digestLimit: 0)?.changed ?? .max
        let isOld = changed < Clock.realtime &- Limit.recent &- options.settleWindow
        if isOld && round >= doubtUntil || isLookedAt(path, attributes) { return false }
        if !suspects.insert(path, round: round) { hasMoreSuspects = true }
        return true
    }

    /// Whether all events of the difference have come in: it is no younger one than what is looked at again.
    private func isLookedAt(_ path: ByteString, _ attributes: FileAttributes?) -> Bool {
        guard let lookedAt, lookedAt.paths.contains(path) else { return false }
        guard let changed = attributes?.changed, changed > lookedAt.since else { return true }
        // The clock may have been ahead.
        return changed > Clock.realtime
    }

    func mayDigest(_ path: ByteString, size: UInt64) -> Bool { pace.mayRead(path, now: Clock.monotonic) }

    func noteDigest(of path: ByteString, took: UInt64, isDone: Bool) {
        pace.note(path, took: took, isDone: isDone, now: Clock.monotonic)
    }

    func noteLackOfDigest(at path: ByteString) {
        if pace.isDue(path) { return }
        // When too many wait, the next scan finds it so again.
        _ = pace.putOff(path, known: nil, now: Clock.monotonic)
    }

    func awaitDigest(at path: ByteString) {
        if !suspects.insert(path, round: round) { hasMoreSuspects = true }
    }

    func explains(_ before: BaselineRecord?, _ after: FileAttributes?) -> Bool {
        live?.explains(before, after) ?? false
    }
}
