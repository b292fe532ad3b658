internal import Baseline
internal import EventModel
internal import FileReading
internal import Glibc
internal import PackageKnowledge

/// The file integrity module: every event goes through it to the sink, changes with what their files were before;
/// scans find what no event told of; and the database is kept true, or made true again.
///
/// Told first, then written: what is in the database has been told. One thread owns it.
final class FileKeeper<Tree: FileTree> {
    struct Options {
        var rules: WatchRules
        /// Changes when `rules` mean other files.
        var rulesDigest: UInt64?
        /// Nanoseconds between two scans of everything; `nil` for none.
        var scanInterval: UInt64?
        var scansAtStart = true
        /// Nanoseconds that a change may wait for what else belongs to it.
        var settleWindow: UInt64 = 0
        /// Files a second that a scan looks at; `nil` for as many as its share of a processor gives.
        var rate: UInt64?
        /// Processor time of a scan, per cent of one processor.
        var processor: UInt64 = 50
        /// What is kept of contents beside their SHA-256.
        var digests: DigestSet = []
    }

    /// What the main thread tells each second.
    struct Tick: Sendable {
        /// No events wait in the kernel.
        var isCaughtUp: Bool
    }

    private let file: BaselineFile
    private var options: Options
    private let tree: Tree
    private let reader: PathReader
    private let contents: ContentKeeper
    /// `nil` where changes are not asked for their packages.
    private let packages: PackageDatabase?
    private var pending = PendingVerdicts()
    private let sink: any EventSink
    private(set) var status: FileKeeperStatus
    private var baseline: Baseline?
    private var live: LiveBaseline?
    private var identity: (device: UInt64, inode: UInt64)?
    private var plan: ScanPlan
    private var suspects = Suspects()
    /// When scans of these roots began whose suspects have not all been looked at again. Nanoseconds since 1970.
    private var unconfirmed: [ByteString: UInt64] = [:]
    /// Directories that were moved here, to be taken.
    private var arrivals: [ByteString] = []
    private let budget = ScanBudget()
    private var pace = DigestPace()
    /// A large file whose content is being read.
    private var late: LateDigest?
    /// Ticks at which nothing waited in the kernel.
    private var round: UInt64 = 0
    /// Events in doubt until this round: the clock was set.
    private var doubtUntil: UInt64 = 0
    private var clockOffset = Clock.realtime &- Clock.monotonic
    private var uncommittedSince: UInt64?
    private var retryAt: UInt64 = 0
    private var retries = Backoff(from: Limit.retry, to: Limit.longestRetry)
    private var damage = DatabaseDamage()
    /// Rounds after which the events of what a scan has met must have come in.
    private var delay: UInt64 { Suspects.delay &+ options.settleWindow / 1_000_000_000 }
    /// The sink could not keep what was told: not before then is it asked again.
    private var nextCommit: UInt64 = 0
    /// Deferred too many differences to remember: scan again.
    private var hasMoreSuspects = false
    /// Contents that were kept under other rules are gone through, from the last one that was.
    private var checksContents = true
    private var lastContent: StoredContent?
    /// What is looked at again, and since when, nanoseconds since 1970: all events from before have come in.
    private var lookedAt: (paths: Set<ByteString>, since: UInt64)?
    /// What is taken in later is told as it is: the end must not be held up. CLOCK_MONOTONIC nanoseconds.
    private var endsAt: UInt64?

    private enum Limit {
        static var commitEvery: UInt64 { 500_000_000 }
        static var pending: Int { 2_000 }
        static var retry: UInt64 { 10_000_000_000 }
        static var longestRetry: UInt64 { 600_000_000_000 }
        static var arrivals: Int { 1_024 }
        /// What a change waits for its package.
        static var patience: UInt64 { 900_000_000_000 }
        /// What changed longer ago has been told of by its event, if there was one.
        static var recent: UInt64 { 5_000_000_000 }
    }

    init(
        file: BaselineFile, options: Options, tree: Tree, reader: PathReader,
        packages: PackageDatabase? = nil,
        sink: any EventSink
    ) {
        self.file = file
        self.options = options
        self.tree = tree
        self.reader = reader
        self.packages = packages
        contents = ContentKeeper(reader: reader)
        reader.digests = options.digests
        self.sink = sink
        status = FileKeeperStatus()
        plan = ScanPlan(
            roots: options.rules.roots, interval: options.scanInterval, startsAt: Clock.monotonic)
    }

    // MARK: - The database

    /// Opens the database, or makes it, and plans the first scans.
    func start() {
        packages?.prepare(now: Clock.realtime)
        open(reason: options.scansAtStart ? .start : nil)
    }

    private func open(reason: ScanReport.Reason?) {
        do throws(DatabaseError) {
            let opened = try Baseline(path: file.path)
            baseline = opened
            live = LiveBaseline(baseline: opened, reader: reader) { Clock.realtime }
            identity = file.identity
            for root in options.rules.roots {
                if let reason {
                    plan.request(root, reason: reason)
                } else if try opened.root(root) == nil {
                    plan.request(root, reason: .start)
                }
            }
            noteState(.live)
        } catch {
            fail(error, isNew: reason == .renewal)
        }
    }

    /// Lives with what the database refuses: events go on without it, and it is tried again, later and later.
    ///
    /// - Parameter isNew: it was just made: to make another one would not help.
    private func fail(_ error: DatabaseError, isNew: Bool = false) {
        baseline?.rollBack()
        uncommittedSince = nil
        unconfirmed = [:]
        let now = Clock.monotonic
        retryAt = now &+ retries.delay(at: now)
        if damage.isCertain(error, now: now), !isNew {
            renew(error)
        } else {
            noteState(
                .degraded(reason: error.description),
                advice: error.isFull
                    ? "Changes are told without what was before. Make room on the filesystem of \(file.path)."
                    : error.isReadFailure
                        ? "Changes are told without what was before. See the disk of \(file.path): dmesg, smartctl."
                        : "Changes are told without what was before. See that \(file.path) can be written.")
        }
    }

    private func renew(_ error: DatabaseError) {
        (baseline, live) = (nil, nil)
        let kept = file.putAside()
        noteState(
            .degraded(reason: "\(error)"),
            advice: kept.map {
                "The database is kept as \($0); a new one begins. What changed since the last scan cannot be told."
            } ?? "Changes are told without what was before. \(file.path) cannot be moved aside; remove it.")
        if kept != nil { open(reason: .renewal) }
    }

    /// Tries again what failed before, and sees to it that the database is still where it was.
    private func checkDatabase() {
        let now = Clock.monotonic
        if baseline == nil {
            if now >= retryAt { open(reason: .gap) }
        } else if file.identity.map({ $0 == identity ?? (0, 0) }) != true {
            restore()
        } else if status.state != .live {
            guard now >= retryAt, let baseline else { return }
            do throws(DatabaseError) {
                try baseline.probe()
                noteState(.live)
                plan.request(reason: .gap)
            } catch {
                fail(error)
            }
        }
    }

    /// The file was deleted or another one put in its place: what is open still has everything.
    private func restore() {
        // What is written has to be told for sure.
        guard let baseline, Clock.monotonic >= nextCommit else { return }
        guard sink.settle(patience: 2_000) else {
            nextCommit = Clock.monotonic &+ Limit.retry
            return
        }
        noteState(
            .degraded(reason: "\(file.path) was deleted or replaced while it was in use"),
            advice: "Nothing is lost yet: it is put back from what was still open. See who removes it.")
        do throws(DatabaseError) {
            try file.restore(from: baseline)
            (self.baseline, live) = (nil, nil)
            uncommittedSince = nil
            open(reason: .gap)
        } catch {
            guard error.isCorrupt else {
                // What is open still has everything.
                nextCommit = Clock.monotonic &+ Limit.retry
                return
            }
            (self.baseline, live) = (nil, nil)
            if file.putAside() != nil || errno == ENOENT {
                open(reason: .renewal)
            }
        }
    }

    private func noteState(_ state: CoverageState, advice: String = "") {
        let previous = status.state
        status.state = state
        status.advice = advice
        guard previous != state, previous != nil || state != .live else { return }
        sink.take(
            .coverage(
                CoverageEntry(source: "baseline", state: state, advice: advice),
                previous: previous ?? .off(reason: "not yet opened"),
                time: Clock.realtime))
    }

    // MARK: - Events

    func take(_ event: SensorEvent) {
        switch event {
        case .change(let change): take(change)
        case .gap(let gap):
            sink.take(event)
            if gap.losesChanges { plan.noteGap(at: Clock.monotonic) }
        default: sink.take(event)
        }
    }

    private func take(_ change: FileChange) {
        let rules = options.rules
        guard rules.includes(change.path) || change.previousPath.map({ rules.includes($0) }) ?? false else {
            if change.type == .directory { lookInto(change) }
            return
        }
        var change = change
        // What is in a directory is looked at all the same.
        if change.type != .directory {
            suspects.clear(change.path)
            if let previous = change.previousPath { suspects.clear(previous) }
        }
        if let endsAt, Clock.monotonic >= endsAt { return tellOnly(change) }
        // A directory does not wait: what is in it would overtake it.
        let canWait = change.type != .directory && endsAt == nil
        guard !pending.holds(change), learnPackage(of: &change, canWait: canWait) else {
            // Many at once: it costs as much as one.
            if pending.isFull { finishOldest(PendingVerdicts.limit / 4) }
            pending.append(change, now: Clock.monotonic)
            return
        }
        finish(change)
    }

    /// A directory that is not meant itself came or went, perhaps with something that is.
    private func lookInto(_ change: FileChange) {
        switch change.kind {
        case .created, .renamed, .deleted, .replaced: break
        // What is in it is where it was.
        case .modified, .attributes, .linked, .transient: return
        }
        for path in [change.path, change.previousPath].compactMap(\.self) where options.rules.enters(path) {
            if !suspects.insert(path, round: round) { plan.request(reason: .gap) }
        }
    }

    /// Asks the package database; `false` when the answer is still to come.
    private func learnPackage(of change: inout FileChange, canWait: Bool = true) -> Bool {
        guard let packages else { return true }
        switch packages.answer(for: change, now: Clock.realtime, canWait: canWait) {
        case .verdict(let verdict): change.package = verdict
        case .undecided: return false
        case .nothing: break
        }
        return true
    }

    /// Tells the changes that have waited longest for their packages, with what is known so far.
    private func finishOldest(_ count: Int) {
        for var change in pending.popFirst(count) {
            _ = learnPackage(of: &change, canWait: false)
            finish(change)
        }
    }

    private func releasePending() {
        let released = pending.release(now: Clock.monotonic) { change, waited in
            learnPackage(of: &change) || waited >= Limit.patience
        }
        for change in released { finish(change) }
    }

    /// Tells the change without comparing it: the next start finds it by its scan, too.
    private func tellOnly(_ change: FileChange) {
        var change = change
        rate(&change, rule(for: change))
        status.changes += 1
        sink.take(.change(change))
    }

    private func rule(for change: FileChange) -> WatchRule? {
        let rules = options.rules
        return rules.rule(for: rules.includes(change.path) ? change.path : change.previousPath ?? change.path)
    }

    /// Compares the change with the baseline, and tells it.
    private func finish(_ change: FileChange) {
        var change = change
        let rule = rule(for: change)
        rate(&change, rule)
        if status.state == .live, let rule, rule.isKept {
            complete(&change, rule)
        } else {
            live?.noteTold(change)
        }
        status.changes += 1
        sink.take(.change(change))
    }

    /// What the configuration says of the change. One that a package manager made as its package says, or made for
    /// one, is nothing that anybody needs to look at, unless it is the sensor itself that was replaced.
    private func rate(_ change: inout FileChange, _ rule: WatchRule?) {
        change.tags = rule?.tags ?? []
        change.severity = rule?.severity
        if rule?.tags == WatchRule.selfProtection {
            status.ownChanges += 1
            return
        }
        switch change.package?.judgement {
        case .expected?: change.severity = min(rule?.severity ?? .info, .info)
        case .attributed?: change.severity = min(rule?.severity ?? .low, .low)
        case .unexpected?, nil: break
        }
    }

    private func complete(_ change: inout FileChange, _ rule: WatchRule) {
        guard let baseline, let live else { return }
        do throws(DatabaseError) {
            let rules = options.rules
            let limit = min(rule.digestLimit, DigestPace.small)
            switch try live.complete(&change, digestLimit: limit, isKept: { rules.keeps($0) }) {
            case .arrived(let path)?:
                if arrivals.count < Limit.arrivals {
                    arrivals.append(path)
                } else {
                    plan.request(reason: .gap)
                }
            case .moved(let path)?:
                if !suspects.insert(path, round: round) { plan.request(reason: .gap) }
            case .otherNames?: plan.noteOtherNames(at: Clock.monotonic)
            case nil: break
            }
            if isWithoutDigest(change.after, rule) { try digestLater(&change, rule, baseline) }
            guard change.after != nil, rule.showsDiff else { return }
            change.contentDiff = try contents.difference(at: change.path, change.after, rule, baseline)
            try contents.keep(change.path, change.after, rule, baseline)
        } catch {
            fail(error)
        }
    }

    /// Whether it is a file whose content is to be read, but not at once.
    private func isWithoutDigest(_ attributes: FileAttributes?, _ rule: WatchRule?) -> Bool {
        guard let attributes, let rule, attributes.type == .file, attributes.sha256 == nil else {
            return false
        }
        return attributes.size > DigestPace.small && attributes.size <= rule.digestLimit
    }

    /// Leaves the content of a large file to `digestLate`.
    private func digestLater(
        _ change: inout FileChange, _ rule: WatchRule, _ baseline: Baseline
    ) throws(DatabaseError) {
        let tellsContent = change.kind != .attributes && change.kind != .renamed
        let known = change.before?.sha256 ?? pace.known(of: change.previousPath ?? change.path)
        change.isDigestDeferred = pace.putOff(
            change.path, known: tellsContent ? nil : known, now: Clock.monotonic)
        if change.isDigestDeferred { return }
        // Very many large files have changed. Who made them waits.
        guard let now = reader.attributes(of: change.path, digestLimit: rule.digestLimit),
            change.after.map({ now.looksLike($0) }) ?? false
        else { return }
        try baseline.put(now, at: change.path, seen: Clock.realtime)
        change.after = now
    }

    /// More changes came in than could wait.
    func noteRefused(_ count: UInt64) {
        let now = Clock.realtime
        take(.gap(Gap(source: "baseline", cause: .baselineBehind, count: count, from: now, to: now)))
    }

    func take(_ tick: Tick) {
        if tick.isCaughtUp { round += 1 }
        let offset = Clock.realtime &- Clock.monotonic
        let step = offset > clockOffset ? offset - clockOffset : clockOffset - offset
        if step > 1_000_000_000 {
            doubtUntil = round &+ delay
            live?.forgetTold()
        }
        clockOffset = offset
        checkDatabase()
        releasePending()
        status.isSettled =
            plan.isIdle && suspects.isEmpty && unconfirmed.isEmpty && arrivals.isEmpty && pending.isEmpty
            && uncommittedSince == nil && late == nil && !pace.isReady(now: Clock.monotonic)
    }

    /// Goes by other options from now on.
    func use(_ options: Options) {
        if options.rulesDigest != self.options.rulesDigest { plan.request(reason: .request) }
        self.options = options
        reader.digests = options.digests
        contents.forgetRules()
        (checksContents, lastContent) = (true, nil)
        plan.use(interval: options.scanInterval, now: Clock.monotonic)
    }

    /// Asks for a scan of `root`, or of everything; `false` when that is no root.
    func requestScan(of root: ByteString?) -> Bool {
        if let root, !options.rules.roots.contains(root) { return false }
        plan.request(root, reason: .request)
        return true
    }

    // MARK: - Writing

    /// Writes to the database what has waited long enough.
    func commitIfDue() {
        guard let baseline, baseline.pending > 0 else {
            uncommittedSince = nil
            return
        }
        let now = Clock.monotonic
        let since = uncommittedSince ?? now
        uncommittedSince = since
        guard baseline.pending >= Limit.pending || now &- since >= Limit.commitEvery else { return }
        do throws(DatabaseError) { try commit() } catch { fail(error) }
    }

    /// What is written has been told, and that is safe.
    private func commit() throws(DatabaseError) {
        guard let baseline, Clock.monotonic >= nextCommit else { return }
        guard sink.settle(patience: 2_000) else {
            nextCommit = Clock.monotonic &+ Limit.retry
            return
        }
        try baseline.commit()
        uncommittedSince = nil
    }

    /// What comes from now on is the last.
    ///
    /// - Parameter patience: nanoseconds in which it is compared with the baseline; beyond it is only told.
    func noteEnd(patience: UInt64 = 4_000_000_000) { endsAt = Clock.monotonic &+ patience }

    /// Writes what can be written, and closes the database.
    func finish() {
        if endsAt == nil { noteEnd() }
        for var change in pending.popFirst(PendingVerdicts.limit) {
            if let endsAt, Clock.monotonic < endsAt {
                _ = learnPackage(of: &change, canWait: false)
                finish(change)
            } else {
                tellOnly(change)
            }
        }
        nextCommit = 0
        do throws(DatabaseError) { try commit() } catch { fail(error) }
        // What could not be told for sure is found again by the next start.
        baseline?.rollBack()
        (baseline, live) = (nil, nil)
    }

    // MARK: - Scans

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
        try baseline.put(now, at: late.path, seen: Clock.realtime)
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
