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
        /// All events have come in that waited in the kernel at the last tick of which this is true.
        var isCaughtUp: Bool
    }

    let file: BaselineFile
    var options: Options
    let tree: Tree
    let reader: PathReader
    let contents: ContentKeeper
    /// `nil` where changes are not asked for their packages.
    let packages: PackageDatabase?
    var pending = PendingVerdicts()
    let sink: any EventSink
    var status: FileKeeperStatus
    var baseline: Baseline?
    var live: LiveBaseline?
    var identity: (device: UInt64, inode: UInt64)?
    var plan: ScanPlan
    var suspects = Suspects()
    /// When scans of these roots began whose suspects have not all been looked at again. Nanoseconds since 1970.
    var unconfirmed: [ByteString: UInt64] = [:]
    /// Directories that were moved here, to be taken.
    var arrivals: [ByteString] = []
    let budget = ScanBudget()
    var pace = DigestPace()
    /// A large file whose content is being read.
    var late: LateDigest?
    /// Ticks at which all had come in that waited at the one before.
    var round: UInt64 = 0
    /// Events in doubt until this round: the clock was set.
    var doubtUntil: UInt64 = 0
    private var clockOffset = Clock.realtime &- Clock.monotonic
    var uncommittedSince: UInt64?
    var retryAt: UInt64 = 0
    var retries = Backoff(from: Limit.retry, to: Limit.longestRetry)
    var damage = DatabaseDamage()
    /// Rounds after which the events of what a scan has met must have come in.
    var delay: UInt64 { Suspects.delay &+ options.settleWindow / 1_000_000_000 }
    /// The sink could not keep what was told: not before then is it asked again.
    var nextCommit: UInt64 = 0
    /// Deferred too many differences to remember: scan again.
    var hasMoreSuspects = false
    /// Contents that were kept under other rules are gone through, from the last one that was.
    var checksContents = true
    var lastContent: StoredContent?
    /// What is looked at again, and since when, nanoseconds since 1970: all events from before have come in.
    var lookedAt: (paths: Set<ByteString>, since: UInt64)?
    /// What is taken in later is told as it is: the end must not be held up. CLOCK_MONOTONIC nanoseconds.
    var endsAt: UInt64?

    enum Limit {
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

    func take(_ change: FileChange) {
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

    /// Something came to `path` and left it again, of which other changes tell.
    func lookAgain(at path: ByteString) {
        guard let live, status.state == .live, !pending.holds(path), let rule = options.rules.rule(for: path),
            rule.isKept, options.rules.keeps(path)
        else { return }
        do throws(DatabaseError) {
            let isDoubtful = try live.lookAgain(
                at: path, digestLimit: min(rule.digestLimit, DigestPace.small))
            if isDoubtful, !suspects.insert(path, round: round) { plan.request(reason: .gap) }
        } catch {
            fail(error)
        }
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
    func learnPackage(of change: inout FileChange, canWait: Bool = true) -> Bool {
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
    func tellOnly(_ change: FileChange) {
        var change = change
        rate(&change, rule(for: change))
        status.changes += 1
        sink.take(.change(change))
    }

    func rule(for change: FileChange) -> WatchRule? {
        let rules = options.rules
        return rules.rule(for: rules.includes(change.path) ? change.path : change.previousPath ?? change.path)
    }

    /// Compares the change with the baseline, and tells it.
    func finish(_ change: FileChange) {
        var change = change
        let rule = rule(for: change)
        rate(&change, rule)
        if status.state == .live, let rule, rule.isKept {
            complete(&change, rule)
        } else {
            live?.noteTold(change)
        }
        status.changes += 1
        let lost = lostNames(of: &change)
        sink.take(.change(change))
        for change in lost { finish(change) }
    }

    /// The ends of known files whose names the change has for scratch: something else went by their names before they
    /// came to an end.
    private func lostNames(of change: inout FileChange) -> [FileChange] {
        guard let live, status.state == .live, !change.scratchPaths.isEmpty else { return [] }
        do throws(DatabaseError) {
            return try live.takeKnown(from: &change).map { path in
                var loss = FileChange(
                    kind: .deleted, path: path, type: .unknown, time: change.time, source: change.source)
                loss.attribution = change.attribution
                return loss
            }
        } catch {
            fail(error)
            return []
        }
    }

    /// What the configuration says of the change. One that a package manager made as its package says, or made for
    /// one, is nothing that anybody needs to look at, unless it is the sensor itself that was replaced.
    func rate(_ change: inout FileChange, _ rule: WatchRule?) {
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
            let aftermath = try live.complete(&change, digestLimit: limit, isKept: { rules.keeps($0) })
            if let path = aftermath.arrived {
                if arrivals.count < Limit.arrivals {
                    arrivals.append(path)
                } else {
                    plan.request(reason: .gap)
                }
            }
            for path in aftermath.suspects where !suspects.insert(path, round: round) {
                plan.request(reason: .gap)
            }
            if aftermath.hasOtherNames { plan.noteOtherNames(at: Clock.monotonic) }
            if isWithoutDigest(change.after, rule) { try digestLater(&change, rule, baseline) }
            guard change.after != nil, rule.showsDiff else { return }
            change.contentDiff = try contents.difference(at: change.path, change.after, rule, baseline)
            try contents.keep(change.path, change.after, rule, baseline)
        } catch {
            fail(error)
        }
    }

    /// Whether it is a file whose content is to be read, but not at once.
    func isWithoutDigest(_ attributes: FileAttributes?, _ rule: WatchRule?) -> Bool {
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
        let looked = Clock.realtime
        guard let now = reader.attributes(of: change.path, digestLimit: rule.digestLimit),
            change.after.map({ now.looksLike($0) }) ?? false
        else { return }
        try baseline.put(now, at: change.path, seen: looked)
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
}
