internal import EventModel
internal import KernelSources

/// The state of every source, and the event for each change of one. One thread owns it.
final class CoverageLedger {
    /// In the order in which people read it.
    private static let order = [
        "fanotify", "inotify", "audit", "proc_connector", "taskstats", "procfs", "canaries",
    ]

    /// What each source says of itself.
    private var noted: [String: CoverageEntry] = [:]
    /// What is known about it that it does not know.
    private var troubles: [String: CoverageEntry] = [:]
    private var canaries: [String: UInt64] = [:]
    private var remarks: [String: String] = [:]
    private let host: HostRoot
    private let emit: (SensorEvent) -> Void
    /// Rows that come and go are told as well: the first table has been.
    var tellsAll = false

    init(host: HostRoot = HostRoot(), emit: @escaping (SensorEvent) -> Void) {
        (self.host, self.emit) = (host, emit)
    }

    var entries: [CoverageEntry] { Self.order.compactMap { entry(of: $0) } }

    private func entry(of source: String) -> CoverageEntry? {
        guard var entry = troubles[source] ?? noted[source] else { return nil }
        entry.lastCanary = canaries[source]
        if let remark = remarks[source] { entry.detail += entry.detail.isEmpty ? remark : ", " + remark }
        return entry
    }

    /// Changes something about `source`, and tells when its state is another one afterwards.
    private func change(_ source: String, _ body: () -> Void) {
        let previous = entry(of: source)
        body()
        guard let now = entry(of: source), previous != nil || tellsAll, previous?.state != now.state
        else { return }
        emit(.coverage(now, previous: previous?.state, time: Clock.realtime))
    }

    /// Whether something is wrong with `source` that `settle` has not ended.
    func isInTrouble(_ source: String) -> Bool { troubles[source] != nil }

    /// `source` is in this state, whatever it says of itself, until `settle`.
    func trouble(_ source: String, _ state: CoverageState, advice: CoverageAdvice) {
        change(source) { troubles[source] = CoverageEntry(source, state, advice) }
    }

    /// `source` is what it says again.
    func settle(_ source: String) { change(source) { troubles[source] = nil } }

    /// `source` is not needed any more.
    func forget(_ source: String, _ state: CoverageState, advice: CoverageAdvice) {
        let previous = entry(of: source)?.state
        (noted[source], troubles[source], canaries[source]) = (nil, nil, nil)
        guard let previous, tellsAll else { return }
        emit(.coverage(CoverageEntry(source, state, advice), previous: previous, time: Clock.realtime))
    }

    /// A canary made at `time` (nanoseconds since 1970) was heard.
    func noteCanary(_ source: String, at time: UInt64) { canaries[source] = time }

    /// Follows the detail of `source`; `nil` for nothing.
    func remark(_ source: String, _ text: String?) { remarks[source] = text }

    func note(_ entry: CoverageEntry) {
        change(entry.source) { noted[entry.source] = entry }
    }

    func note(_ source: String, _ state: CoverageState, detail: String = "", advice: CoverageAdvice) {
        note(CoverageEntry(source, state, detail: detail, advice))
    }

    func noteLive(_ source: String, detail: String = "") {
        note(CoverageEntry(source: source, state: .live, detail: detail))
    }

    /// A source that runs; degraded without the priority that lets it see a process before it is gone.
    func noteReader(_ source: String, priority: Int32, detail: String) {
        switch priority {
        case 2: noteLive(source, detail: detail + ", real-time")
        case 1, -1: noteLive(source, detail: detail)
        default:
            note(
                source, .degraded(reason: "neither SCHED_FIFO nor nice -20"), detail: detail,
                advice: .noPriority)
        }
    }

    /// - Parameter missesOverlayWrites: whether a watch has files that containers write through an overlay mount, on a
    ///   kernel that does not report such writes.
    func note(_ source: FanotifySource, missesOverlayWrites: Bool) {
        let watched = source.marked.filter(\.reportsChanges)
        let detail = "\(watched.count) filesystems, programs on \(source.marked.count)"
        if let gone = source.absent.first {
            note(
                "fanotify", .degraded(reason: "\(host.name(gone).text) is not mounted"), detail: detail,
                advice: .notMounted)
        } else if let missing = source.level.missing {
            note("fanotify", .degraded(reason: missing), detail: detail, advice: .oldKernel)
        } else if missesOverlayWrites {
            note(
                "fanotify",
                .degraded(reason: "writes in containers are not reported (overlay, before Linux 6.5)"),
                detail: detail,
                advice: .overlayWrites)
        } else if watched.isEmpty {
            note(
                "fanotify", .degraded(reason: "no watched filesystem accepts marks"), detail: detail,
                advice: .noMarks)
        } else {
            noteReader("fanotify", priority: source.priority, detail: detail)
        }
    }

    func note(_ session: AuditSession) {
        let place =
            switch session.delivery {
            case .daemon: "registered daemon"
            case .multicast(let owner):
                owner == 0 ? "multicast group" : "multicast group, pid \(owner) has the daemon's place"
            }
        var detail = "\(place), \(session.ruleCount) rules"
        if session.olderProcesses > 0 {
            detail += ", \(session.olderProcesses) processes are older than audit: attributed from /proc"
        }
        guard let reason = session.degradation else {
            noteReader("audit", priority: session.priority, detail: detail)
            return
        }
        note("audit", .degraded(reason: reason), detail: detail, advice: .auditDegraded)
    }

    /// - Parameters:
    ///   - paths: where inotify stands in for fanotify.
    ///   - watched: directories in them; `unwatched`: those beyond the kernel's limit.
    func noteStandIns(_ paths: [ByteString], watched: Int, unwatched: Int, refusals: [String]) {
        var detail =
            "\(watched) directories in " + paths.prefix(4).map { host.name($0).text }.joined(separator: ", ")
        if paths.count > 4 { detail += " and \(paths.count - 4) more" }
        var reasons = refusals.first.map { [$0] } ?? []
        if unwatched > 0 { reasons.append("\(unwatched) directories not watched") }
        if reasons.isEmpty { reasons = ["no process id with the changes"] }
        note(
            "inotify", .degraded(reason: reasons.joined(separator: "; ")), detail: detail,
            advice: unwatched > 0 ? .standInLimit : refusals.isEmpty ? .standIn : .standInRefused)
    }
}
