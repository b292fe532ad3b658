internal import EventModel

/// What it costs that a source or module is not live, and how to close the gap: one for each cause.
enum CoverageAdvice: CaseIterable {
    case noFanotify, noInotify, noAudit, noConnector, noTaskstats
    case fanotifyEnded, inotifyEnded, auditEnded, connectorEnded, taskstatsEnded
    case notMounted, oldKernel, overlayWrites, noMarks, noPriority
    case auditDegraded, auditNotAskedFor
    case standIn, standInLimit, standInRefused, standInOver
    case unknownRecords
    case canaryHangs, canaryRefused
    case baselineUnopened, baselineSilent, tooManyNames
    case alertsTrouble, controlTrouble, metricsTrouble, privilegesKept, packagesUnknown
    case watchMissing, watchPaced, linksCutShort

    /// What is not seen, or not known.
    var cost: String {
        switch self {
        case .noFanotify, .fanotifyEnded: "Changes come from inotify, which does not say who made them."
        case .noInotify, .inotifyEnded: "These paths are not watched: only scans find what changes there."
        case .noAudit, .auditEnded, .auditNotAskedFor:
            "Login users and arguments of short-lived processes may stay unknown."
        case .noConnector, .connectorEnded: "Short-lived processes may stay unknown."
        case .noTaskstats, .taskstatsEnded, .unknownRecords:
            "The program of a process that was gone at once may stay unknown."
        case .notMounted: "Changes there are not seen."
        case .oldKernel: "More processes and former names may stay unknown."
        case .overlayWrites: "Names that change there are told, content that changes is not."
        case .noMarks, .standIn: "Changes are told, but not who made them."
        case .noPriority: "Short-lived processes may stay unknown."
        case .auditDegraded: "Attribution falls back to /proc."
        case .standInLimit, .standInRefused: "Only scans find what changes there."
        case .standInOver: "Nothing: fanotify hears these paths itself."
        case .canaryHangs: "Nothing proves that changes there are still heard."
        case .canaryRefused: "Nothing proves that the sources still hear."
        case .baselineUnopened: "Changes are told without what was before."
        case .baselineSilent:
            "Changes wait, and are told late; when too many wait, they are lost and scanned for."
        case .tooManyNames: "Events of what is in it are told, but no scan compares it."
        case .alertsTrouble: "Alerts wait, and what does not fit is counted as lost."
        case .controlTrouble: "vedette status and the other requests are not answered."
        case .metricsTrouble: "Nobody can fetch the metrics."
        case .privilegesKept: "The sensor may do more than it needs, should somebody take it over."
        case .packagesUnknown: "Changes made by package managers are told like those of anybody else."
        case .watchMissing: "Nothing is watched there yet."
        case .linksCutShort: "What the other links lead to is not watched."
        case .watchPaced: "Changes there are not heard yet; the scan at the restart finds them."
        }
    }

    /// What to do.
    var remedy: String {
        switch self {
        case .noFanotify, .noTaskstats: "Run as root."
        case .noConnector: "Run as root in the initial namespaces."
        case .noInotify: "Raise fs.inotify.max_user_instances, or run as root so that fanotify watches them."
        case .noAudit: "Run as root in the initial namespaces, on a kernel with audit."
        case .fanotifyEnded, .inotifyEnded, .auditEnded, .connectorEnded, .taskstatsEnded:
            "It is opened again by itself; when it ends again and again, see what else uses it."
        case .notMounted: "Mount it: it is watched again at once."
        case .oldKernel, .overlayWrites: "Use a newer kernel."
        case .noMarks, .standIn:
            "Keep what is watched on a filesystem that takes fanotify's marks: ext4, xfs, btrfs."
        case .unknownRecords: "Use a newer vedette, or an older kernel."
        case .noPriority: "Grant CAP_SYS_NICE."
        case .auditDegraded: "Mend what the reason says: it is used again within a second."
        case .auditNotAskedFor: "Turn audit on."
        case .standInLimit: "Raise the limit: sysctl fs.inotify.max_user_watches."
        case .standInRefused: "See that the path is there and can be read; it is tried again each minute."
        case .standInOver: "There is nothing to do."
        case .canaryHangs: "Thaw the filesystem (fsfreeze -u), or see to the server that it waits for."
        case .canaryRefused:
            "See the limits of processes and memory (ulimit -u, pids.max); the next one is made soon."
        case .baselineUnopened: "Wait: it is opened at the start; or see the disk that it is on."
        case .baselineSilent: "It waits for a disk or reads a very large file: see the disk (iostat -x)."
        case .tooManyNames: "Leave it out with `exclude`, or divide it."
        case .alertsTrouble: "See that the file of alerts can be written: room, permissions, the disk."
        case .controlTrouble, .metricsTrouble: "Mend what the reason says, and start vedette again."
        case .privilegesKept: "See whether a container or a security module forbids capset(2)."
        case .packagesUnknown:
            "Use a host whose package database is dpkg's or rpm's SQLite: see docs/packages.md."
        case .watchMissing: "It is watched from when it is made; or take it out of the configuration."
        case .linksCutShort: "Name what they lead to in fim.watches, or exclude what has no links."
        case .watchPaced: "It was made and removed too often: wait, or reload (systemctl reload vedette)."
        }
    }

    var text: String { cost + " " + remedy }

    /// For a source that could not be opened.
    static func without(_ source: SourceName) -> CoverageAdvice {
        switch source {
        case .fanotify: .noFanotify
        case .inotify: .noInotify
        case .audit: .noAudit
        case .connector: .noConnector
        case .taskstats: .noTaskstats
        }
    }

    /// For a source that ended or fell silent.
    static func until(_ source: SourceName) -> CoverageAdvice {
        switch source {
        case .fanotify: .fanotifyEnded
        case .inotify: .inotifyEnded
        case .audit: .auditEnded
        case .connector: .connectorEnded
        case .taskstats: .taskstatsEnded
        }
    }
}

extension CoverageEntry {
    /// A row of the table; what is not live says what that costs and what to do.
    init(_ source: String, _ state: CoverageState, detail: String = "", _ advice: CoverageAdvice) {
        self.init(
            source: source, state: state, detail: detail, advice: state == .live ? "" : advice.text)
    }
}
