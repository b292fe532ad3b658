package import EventModel

/// What the package databases say about one change.
package enum PackageAnswer: Equatable, Sendable {
    case verdict(PackageVerdict)
    /// The transaction is not over: ask again, in a second or later.
    case undecided
    /// No package has to do with it, or it was one too many to look up.
    case nothing
}

/// What became of the questions.
package struct PackageCounters: Equatable, Sendable {
    package var asked: UInt64 = 0
    package var undecided: UInt64 = 0
    /// Changes by others than package managers that were not looked up, to spare the processor.
    package var skipped: UInt64 = 0
}

/// Tells expected changes by package managers from all others. One thread owns it.
///
/// The databases are read when a question needs it. What stays in memory: two blocks of 64 KiB, names of packages, and
/// the digests of the last packages asked for, 1.5 MB at most; a table of who may have which path is in a file.
package final class PackageDatabase {
    private let root: ByteString
    private let stores: [any PackageStore]
    private let actors: PackageActors
    /// Why a database that the host has is not read; `nil` for none.
    package let unread: String?
    private let digest = FileDigest()
    private let digestLimit: Int64
    private var budget = LookupBudget()
    package private(set) var counters = PackageCounters()

    /// Nanoseconds after a change before what speaks against it is believed, when no transaction is running.
    private static let settling: UInt64 = 2_000_000_000
    /// Nanoseconds after which it is believed in any case.
    private static let patience: UInt64 = 900_000_000_000

    /// - Parameters:
    ///   - root: where the host's root directory is.
    ///   - scratch: a directory for a file without a name, of some megabytes; memory is taken when it cannot be there.
    ///   - digestLimit: bytes of the largest file that is digested.
    package init(root: ByteString = "/", scratch: ByteString, digestLimit: UInt64 = 256 << 20) {
        self.root = root
        self.digestLimit = Int64(clamping: digestLimit)
        let dpkg: (any PackageStore)? = DpkgDatabase(root: root, scratch: scratch)
        let rpm: (any PackageStore)? = RpmDatabase(root: root, scratch: scratch)
        stores = [dpkg, rpm].compactMap { $0 }
        unread = rpm == nil ? RpmDatabase.otherForm(root: root) : nil
        actors = PackageActors(stores: stores, root: root, digest: digest)
    }

    /// The package managers whose databases the host has.
    package var managers: [PackageManager] { stores.map(\.manager) }

    /// Paths of packages that are left out of the table of who may have what: 0 but for more than three million, or
    /// lists that were made for it.
    package var unindexed: Int { stores.reduce(0) { $0 + $1.unindexed } }

    /// Looks the databases through, so that what is removed next is known to have been a package's.
    package func prepare(now: UInt64) {
        for store in stores { store.prepare(now: now) }
    }

    /// Frees what is kept of the last packages, for when nothing has been asked for a while.
    package func trim() {
        for store in stores { store.trim() }
    }

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - canWait: whether it may be asked for again. What cannot, and was done during a transaction that is not
    ///     over, is attributed to it.
    package func answer(for change: FileChange, now: UInt64, canWait: Bool = true) -> PackageAnswer {
        guard !stores.isEmpty, isOnHost(change) else { return .nothing }
        counters.asked += 1
        let answer = decide(change, now, canWait)
        if answer == .undecided { counters.undecided += 1 }
        return answer
    }

    /// A container has a database of its own, which is not looked at.
    private func isOnHost(_ change: FileChange) -> Bool {
        guard change.containerPath == nil else { return false }
        return change.attribution?.process.container.value.map { $0 == .host } ?? true
    }

    private func decide(_ change: FileChange, _ now: UInt64, _ canWait: Bool) -> PackageAnswer {
        switch actors.find(in: change.attribution, now: now) {
        case .actor(let actor):
            guard let store = stores.first(where: { $0.manager == actor.manager }),
                actor.isManager || isWithinTransaction(change, store)
            else { return outside(change, now) }
            return inside(change, actor, store, now, canWait)
        case .somebodyElse: return outside(change, now)
        case .unknown: return byNobodyKnown(change, now)
        case .notYet: return age(of: change, now) < Self.patience ? .undecided : outside(change, now)
        }
    }

    /// A daemon that a maintainer script started has the package manager among its ancestors for ever. The minute is
    /// for what apt runs at the end.
    private func isWithinTransaction(_ change: FileChange, _ store: any PackageStore) -> Bool {
        store.isBusy || change.time <= store.lastTransaction &+ 60_000_000_000
    }

    private func inside(
        _ change: FileChange, _ actor: PackageActor, _ store: any PackageStore, _ now: UInt64, _ canWait: Bool
    ) -> PackageAnswer {
        let verdict = { (package: PackageIdentity?, finding: ChangeJudge.Finding) in
            PackageAnswer.verdict(
                PackageVerdict(
                    manager: store.manager, package: package, judgement: finding.judgement,
                    reason: finding.reason, transaction: actor.transaction))
        }
        if ManagerTable.isState(change.path, of: store.manager) {
            return verdict(nil, (actor.isManager ? .expected : .attributed, .managerState))
        }
        if actor.usesOtherDatabase { return verdict(nil, (.attributed, .otherDatabase)) }
        let judge = judge(change, actor)
        var owner = store.owner(of: change.path, now: now)
        var result = judge.judge(owner)
        if owner == .nobody, let scratch = ScratchName(change.path) {
            owner = store.owner(of: scratch.base, now: now)
            // The database may have changed since `path` was looked up: then nothing is known of either.
            if owner == .notYet { result = nil } else if owner != .nobody { result = judge.judge(scratch) }
        }
        if let result, result.isFinal || isSettled(change, store, now) {
            return verdict(owner.package, result.finding)
        }
        if !canWait { return verdict(owner.package, (.attributed, .noDigest)) }
        return result == nil && age(of: change, now) >= Self.patience ? .nothing : .undecided
    }

    /// What a scan found, or was made by a process that was gone: the content alone can be judged.
    private func byNobodyKnown(_ change: FileChange, _ now: UInt64) -> PackageAnswer {
        outside(change, now) { store, owner in
            let isFormer = if case .formerly = owner { true } else { false }
            guard let result = judge(change, nil).judge(owner), !isFormer || result.finding.reason == .removed
            else { return nil }
            let isFinal = result.isFinal || isSettled(change, store, now)
            return (result.finding, isFinal)
        }
    }

    private func outside(_ change: FileChange, _ now: UInt64) -> PackageAnswer {
        outside(change, now) { _, owner in
            guard case .owned(let owned) = owner else { return nil }
            return (
                (.unexpected, owned.isConfiguration ? .configurationOutsideManager : .outsideManager), true
            )
        }
    }

    /// - Parameter finding: what to say of a path that a package has or had.
    private func outside(
        _ change: FileChange, _ now: UInt64,
        _ finding: (any PackageStore, PathOwner) -> (finding: ChangeJudge.Finding, isFinal: Bool)?
    ) -> PackageAnswer {
        // Directories belong to many packages, and change with what others put into them.
        guard change.type != .directory else { return .nothing }
        // A scan has a budget of its own, and waits.
        let isPaid = change.source == .scan
        guard isPaid || budget.isLeft(at: now) else {
            counters.skipped += 1
            return .nothing
        }
        let start = monotonicTime()
        defer { if !isPaid { budget.spend(monotonicTime() &- start) } }
        for store in stores {
            let owner = store.owner(of: change.path, now: now)
            if owner == .notYet, age(of: change, now) < Self.patience { return .undecided }
            guard let package = owner.package, let result = finding(store, owner) else { continue }
            guard result.isFinal else { return .undecided }
            return .verdict(
                PackageVerdict(
                    manager: store.manager, package: package, judgement: result.finding.judgement,
                    reason: result.finding.reason, transaction: nil))
        }
        return .nothing
    }

    private func judge(_ change: FileChange, _ actor: PackageActor?) -> ChangeJudge {
        ChangeJudge(change: change, actor: actor, root: root, digest: digest, digestLimit: digestLimit)
    }

    private func isSettled(_ change: FileChange, _ store: any PackageStore, _ now: UInt64) -> Bool {
        let age = age(of: change, now)
        return age >= Self.patience || (age >= Self.settling && !store.isBusy)
    }

    /// A change from the future, after the clock was set back, is old.
    private func age(of change: FileChange, _ now: UInt64) -> UInt64 {
        if now >= change.time { return now - change.time }
        return change.time - now < 60_000_000_000 ? 0 : .max
    }
}

extension PathOwner {
    var package: PackageIdentity? {
        switch self {
        case .owned(let owned): owned.package
        case .formerly(let identity, _): identity
        case .nobody, .notYet: nil
        }
    }
}

/// Processor time for changes by others than package managers: a fiftieth of one, and a tenth of a second at once.
struct LookupBudget {
    private static let burst: Int64 = 100_000_000
    /// Nanoseconds; below zero when the last question took more than was left.
    private var left = burst
    private var last: UInt64 = 0

    mutating func isLeft(at now: UInt64) -> Bool {
        let passed = Int64(clamping: now >= last ? now - last : 0)
        last = now
        left = min(Self.burst, left + min(passed / 50, 4 * Self.burst))
        return left > 0
    }

    mutating func spend(_ nanoseconds: UInt64) {
        left = max(left - Int64(clamping: nanoseconds), -2 * Self.burst)
    }
}
