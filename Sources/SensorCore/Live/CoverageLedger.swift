internal import EventModel
internal import KernelSources

/// The state of every source, and the event for each change of one. One thread owns it.
final class CoverageLedger {
    /// In the order in which people read it.
    private static let order = ["fanotify", "inotify", "audit", "proc_connector", "taskstats", "procfs"]

    /// What each source says of itself.
    private var noted: [String: CoverageEntry] = [:]
    /// What is known about it that it does not know.
    private var troubles: [String: CoverageEntry] = [:]
    private var canaries: [String: UInt64] = [:]
    private var remarks: [String: String] = [:]
    private let host: HostRoot
    private let emit: (SensorEvent) -> Void

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
        guard let previous, let now = entry(of: source), previous.state != now.state else { return }
        emit(.coverage(now, previous: previous.state, time: Clock.realtime))
    }

    /// Whether something is wrong with `source` that `settle` has not ended.
    func isInTrouble(_ source: String) -> Bool { troubles[source] != nil }

    /// `source` is in this state, whatever it says of itself, until `settle`.
    func trouble(_ source: String, _ state: CoverageState, advice: String) {
        change(source) { troubles[source] = CoverageEntry(source: source, state: state, advice: advice) }
    }

    /// `source` is what it says again.
    func settle(_ source: String) { change(source) { troubles[source] = nil } }

    /// `source` is not needed any more.
    func forget(_ source: String) { (noted[source], troubles[source], canaries[source]) = (nil, nil, nil) }

    /// A canary made at `time` (nanoseconds since 1970) was heard.
    func noteCanary(_ source: String, at time: UInt64) { canaries[source] = time }

    /// Follows the detail of `source`; `nil` for nothing.
    func remark(_ source: String, _ text: String?) { remarks[source] = text }

    func note(_ entry: CoverageEntry) {
        change(entry.source) { noted[entry.source] = entry }
    }

    func note(_ source: String, _ state: CoverageState, detail: String = "", advice: String = "") {
        note(CoverageEntry(source: source, state: state, detail: detail, advice: advice))
    }

    /// A source that runs; degraded without the priority that lets it see a process before it is gone.
    func noteReader(_ source: String, priority: Int32, detail: String) {
        switch priority {
        case 2: note(source, .live, detail: detail + ", real-time")
        case 1, -1: note(source, .live, detail: detail)
        default:
            note(
                source, .degraded(reason: "neither SCHED_FIFO nor nice -20"), detail: detail,
                advice: "Short-lived processes may stay unknown. Grant CAP_SYS_NICE.")
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
                advice: "Changes there are not seen. Mount it: it is watched again at once.")
        } else if let missing = source.level.missing {
            note("fanotify", .degraded(reason: missing), detail: detail, advice: "Use a newer kernel.")
        } else if missesOverlayWrites {
            note(
                "fanotify",
                .degraded(reason: "writes in containers are not reported (overlay, before Linux 6.5)"),
                detail: detail,
                advice: "Names that change there are told, content that changes is not. Use a newer kernel.")
        } else if watched.isEmpty {
            note("fanotify", .degraded(reason: "no watched filesystem accepts marks"), detail: detail)
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
        note("audit", .degraded(reason: reason), detail: detail, advice: "Attribution falls back to /proc.")
    }

    /// - Parameters:
    ///   - paths: where inotify stands in for fanotify.
    ///   - watched: directories in them; `unwatched`: those beyond the kernel's limit.
    func noteStandIns(_ paths: [ByteString], watched: Int, unwatched: Int, refusals: [String]) {
        let detail = "\(watched) directories in " + paths.map { host.name($0).text }.joined(separator: ", ")
        var reasons = refusals.first.map { [$0] } ?? []
        if unwatched > 0 { reasons.append("\(unwatched) directories not watched") }
        if reasons.isEmpty { reasons = ["no process id with the changes"] }
        note(
            "inotify", .degraded(reason: reasons.joined(separator: "; ")), detail: detail,
            advice: unwatched > 0 ? "Raise the limit: sysctl fs.inotify.max_user_watches." : "")
    }
}
