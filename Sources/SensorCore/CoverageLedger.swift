internal import EventModel
internal import KernelSources

/// The state of every source, and the event for each change of one. One thread owns it.
final class CoverageLedger {
    /// In the order in which people read it.
    private static let order = ["fanotify", "inotify", "audit", "proc_connector", "taskstats", "procfs"]

    private var entriesBySource: [String: CoverageEntry] = [:]
    private var ended: Set<String> = []
    private let emit: (SensorEvent) -> Void

    init(emit: @escaping (SensorEvent) -> Void) { self.emit = emit }

    var entries: [CoverageEntry] { Self.order.compactMap { entriesBySource[$0] } }

    /// Whether `source` has ended for good.
    func hasEnded(_ source: String) -> Bool { ended.contains(source) }

    /// `source` is off, whatever is noted of it later.
    func end(_ source: String, reason: String, advice: String) {
        note(source, .off(reason: reason), advice: advice)
        ended.insert(source)
    }

    func note(_ entry: CoverageEntry) {
        guard !hasEnded(entry.source) else { return }
        let previous = entriesBySource.updateValue(entry, forKey: entry.source)
        guard let previous, previous.state != entry.state else { return }
        emit(.coverage(entry, previous: previous.state, time: Clock.realtime))
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
        if let missing = source.level.missing {
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
        let detail = "\(place), \(session.ruleCount) rules"
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
        let detail = "\(watched) directories in " + paths.map(\.text).joined(separator: ", ")
        var reasons = refusals.first.map { [$0] } ?? []
        if unwatched > 0 { reasons.append("\(unwatched) directories not watched") }
        if reasons.isEmpty { reasons = ["no process id with the changes"] }
        note(
            "inotify", .degraded(reason: reasons.joined(separator: "; ")), detail: detail,
            advice: unwatched > 0 ? "Raise the limit: sysctl fs.inotify.max_user_watches." : "")
    }
}
