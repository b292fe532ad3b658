internal import EventModel
internal import FileIntegrity
internal import KernelDecoding
internal import KernelSources
internal import ProcessTable

/// Canaries on their way through the sources.
struct Canaries {
    /// Nanoseconds from one to the next; 0 for none.
    let interval: UInt64
    /// The sensor's own directory, which sources listen to beside the watches.
    let directory: ByteString?
    private(set) var child: CanaryChild?
    /// Those that hang, and where: in a filesystem that is frozen, or whose server is gone.
    private(set) var hung: [(child: CanaryChild, place: ByteString)] = []
    var book = CanaryBook()
    /// CLOCK_MONOTONIC nanoseconds.
    var next: UInt64
    var madeAt: UInt64 = 0
    /// Nanoseconds since 1970.
    var madeAtTime: UInt64 = 0
    /// Where the child opens files, and on which filesystem that is.
    var places: [(filesystem: UInt64, directory: ByteString)] = []
    var isAwaited = false
    /// Whether audit has to record what the child does in the watches, and where that is.
    var auditPlaces: [Int] = []
    var executes = false
    /// The filesystem of `directory`, when fanotify listens there.
    var ownFilesystem: UInt64?
    var isHeardByInotify = false

    /// Nanoseconds from the start to the first, and from the re-opening of a source to the next.
    static let soon: UInt64 = 2_000_000_000

    /// Nanoseconds after a loss in which a source need not hear.
    static let afterLoss: UInt64 = 10_000_000_000

    /// Nanoseconds after which one hangs that has not ended.
    static let patience: UInt64 = 30_000_000_000

    /// Those that hang at most: beyond, none are made.
    static let mostHung = 8

    init(interval: UInt64, directory: ByteString?, now: UInt64) {
        self.interval = interval
        self.directory = directory
        child = interval > 0 ? CanaryChild() : nil
        next = now &+ Self.soon
    }

    /// The process whose actions are the canary; 0 for none.
    var pid: Int32 { child?.pid ?? 0 }

    /// All processes that make or made canaries, and are still there.
    var pids: [Int32] { (hung.map(\.child.pid) + [pid]).filter { $0 > 0 } }

    /// Leaves the child to itself: it does not listen to signals. Another one makes the next canary.
    mutating func setAside(_ child: CanaryChild, now: UInt64) {
        let place = places.indices.first { child.result(of: $0) < 0 }
        hung.append((child, place.map { places[$0].directory } ?? "/"))
        self.child = CanaryChild()
        hurry(now: now)
    }

    /// Forgets those that hang no more. Returns whether there were any.
    mutating func releaseHung() -> Bool {
        let count = hung.count
        hung.removeAll { one in
            guard one.child.hasEnded else { return false }
            one.child.reap()
            return true
        }
        return hung.count < count
    }

    mutating func hurry(now: UInt64) { next = min(next, now &+ Self.soon) }
}

/// Making canaries, hearing them, and what follows when one is not heard.
extension LiveSensor {
    /// Once a second.
    func tendCanaries(now: UInt64) {
        guard canaries.interval > 0, let child = canaries.child else { return }
        if canaries.releaseHung() { noteCanaries() }
        if child.pid == 0 {
            if canaries.hung.count >= Canaries.mostHung {
                goOnWithoutCanary(now: now)
            } else if now >= canaries.next {
                makeCanary(child, now: now)
            }
        } else if canaries.isAwaited {
            judgeCanary(child, now: now)
        } else if child.hasEnded {
            canaries.isAwaited = true
            let places = placesToHear(child)
            canaries.book.await(places, now: now)
            let heard = places.filter { !$0.value.isEmpty }
            if !canaries.hung.isEmpty { goOnWithoutCanary(except: Set(heard.keys), now: now) }
        } else if now &- canaries.madeAt >= Canaries.patience {
            canaries.setAside(child, now: now)
            noteCanaries()
        }
    }

    /// What is open again is taken at its word when no canary can prove that it hears.
    private func goOnWithoutCanary(except: Set<SourceName> = [], now: UInt64) {
        for (source, recovery) in recoveries
        where recovery.awaitsCanary && recovery.nextAttempt == .max && !except.contains(source) {
            finishRecovery(of: source, now: now)
        }
    }

    /// - Parameter failure: why the last one could not be made.
    func noteCanaries(failure: KernelError? = nil) {
        let detail = "one each \(canaries.interval / 1_000_000_000) s"
        if let failure {
            ledger.note("canaries", .degraded(reason: "\(failure)"), detail: detail, advice: .canaryRefused)
        } else if canaries.hung.isEmpty {
            ledger.noteLive("canaries", detail: detail)
        } else {
            let places = Set(canaries.hung.map(\.place)).sorted().map(\.text).joined(separator: ", ")
            ledger.note(
                "canaries", .degraded(reason: "one hangs in \(places)"), detail: detail, advice: .canaryHangs)
        }
    }

    private func makeCanary(_ child: CanaryChild, now: UInt64) {
        canaries.next = now &+ canaries.interval
        canaries.book.begin()
        let blocked = Set(canaries.hung.map(\.place))
        let candidates = (fanotify?.source.canaryPlaces ?? []).filter { !blocked.contains($0.directory) }
        canaries.places = Array(candidates.prefix(CanaryChild.placesLimit - 1))
        let recorded = recordedDirectories.filter { $0 != "/" }
        canaries.auditPlaces = canaries.places.indices.filter { index in
            recorded.contains { canaries.places[index].directory.isWithin($0) }
        }
        let mustBeRecorded = audit?.session.recordsNewProcesses ?? false
        canaries.executes = mustBeRecorded && canaries.auditPlaces.isEmpty
        if let own = canaries.directory, !blocked.contains(own) {
            canaries.places.append((canaries.ownFilesystem ?? 0, own))
        }
        (canaries.madeAt, canaries.madeAtTime) = (Clock.monotonic, Clock.realtime)
        do throws(KernelError) {
            try child.start(in: canaries.places.map(\.directory), executes: canaries.executes)
            fanotify?.translator.canaryPids = canaries.pids
            noteCanaries()
        } catch {
            noteCanaries(failure: error)
            goOnWithoutCanary(now: now)
        }
    }

    /// What should be heard of the child's work, from those that work.
    private func placesToHear(_ child: CanaryChild) -> [SourceName: Set<UInt64>] {
        let made = canaries.places.indices.filter { child.result(of: $0) == 0 }
        var places: [SourceName: Set<UInt64>] = [:]
        let isOwn = { [canaries] (index: Int) in canaries.places[index].directory == canaries.directory }
        if fanotify != nil {
            let heard = made.filter { !isOwn($0) || canaries.ownFilesystem != nil }
            places[.fanotify] = Set(heard.map { canaries.places[$0].filesystem })
        }
        if canaries.isHeardByInotify, inotify != nil, made.contains(where: isOwn) { places[.inotify] = [0] }
        if let session = audit?.session, session.recordsNewProcesses,
            canaries.executes || canaries.auditPlaces.contains(where: { made.contains($0) })
        {
            places[.audit] = [0]
        }
        if connector != nil { places[.connector] = [0] }
        if taskstats != nil { places[.taskstats] = [0] }
        noteRefusals(child)
        return places.filter { !hasFailed($0.key) }
    }

    private func noteRefusals(_ child: CanaryChild) {
        let refused = canaries.places.indices.first { child.result(of: $0) > 0 }
        let remark = refused.map {
            "no canary in \(host.name(canaries.places[$0].directory).text): "
                + KernelError.name(of: child.result(of: $0))
        }
        ledger.remark(SourceName.fanotify.rawValue, remark)
    }

    private func judgeCanary(_ child: CanaryChild, now: UInt64) {
        // One that has just lost events may still be catching up: the kernel keeps what it could not send for later.
        let excused = canaries.madeAt &- min(canaries.madeAt, Canaries.afterLoss)
        for source in SourceName.allCases where losses.hasLost(source.rawValue, since: excused) {
            canaries.book.excuse(source)
        }
        for (source, outcome) in canaries.book.settle(now: now, isDrained: { isDrained($0) }) {
            switch outcome {
            case .heard: noteHeard(source, now: now)
            case .silent(let places): noteSilence(source, in: places, now: now)
            }
        }
        guard canaries.book.isSettled else { return }
        child.reap()
        canaries.isAwaited = false
        fanotify?.translator.canaryPids = canaries.pids
    }

    private func noteHeard(_ source: SourceName, now: UInt64) {
        ledger.noteCanary(source.rawValue, at: canaries.madeAtTime)
        provenAt[source] = canaries.madeAt
        if recoveries[source]?.awaitsCanary == true { finishRecovery(of: source, now: now) }
    }

    private func noteSilence(_ source: SourceName, in places: Set<UInt64>, now: UInt64) {
        // A filesystem that has gone in the meantime had no chance.
        if source == .fanotify, let marked = fanotify?.source.marked {
            let present = Set(marked.map(\.filesystem))
            if places.isDisjoint(with: present) { return }
        }
        losePassing(source, .degraded(reason: silence(of: source, in: places)), now: now)
    }

    private func silence(of source: SourceName, in places: Set<UInt64>) -> String {
        if source == .connector, !OwnProcess.isInInitialNamespaces {
            return "the kernel sends nothing: not in the initial namespaces"
        }
        let reason = "canary at \(Clock.timeOfDay(canaries.madeAtTime)) not heard"
        let all = Set(canaries.places.map(\.filesystem))
        guard source == .fanotify, places != all,
            let place = canaries.places.first(where: { places.contains($0.filesystem) })
        else { return reason }
        return reason + " in \(host.name(place.directory).text)"
    }

    private func isDrained(_ source: SourceName) -> Bool {
        switch source {
        case .fanotify: fanotify?.isDrained ?? true
        case .inotify: inotify?.isDrained ?? true
        case .audit: audit?.isDrained ?? true
        case .connector: connector?.isDrained ?? true
        case .taskstats: taskstats?.isDrained ?? true
        }
    }

    // MARK: Hearing

    /// The canary in what was collected last.
    func hearCanaries() {
        for filesystem in fanotify?.canaries ?? [] { canaries.book.hear(.fanotify, in: filesystem) }
        if inotify?.hasCanary ?? false { canaries.book.hear(.inotify) }
    }

    func hear(_ exit: TaskExit) {
        if exit.pid == canaries.pid { canaries.book.hear(.taskstats) }
    }

    func hear(_ event: ProcessEvent) {
        switch event.change {
        case .fork(let child) where child == canaries.pid: canaries.book.hear(.connector)
        case .exit where event.pid == canaries.pid: canaries.book.hear(.connector)
        default: break
        }
    }

    /// Whether `facts` are about the canary, and nothing else.
    func isCanary(_ facts: AuditFacts) -> Bool {
        guard canaries.pids.contains(facts.pid) else { return false }
        if facts.pid == canaries.pid { canaries.book.hear(.audit) }
        return true
    }
}
