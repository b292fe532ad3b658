/// The state of a source or module, and why it is not better.
package enum CoverageState: Equatable, Sendable {
    case live
    case degraded(reason: String)
    case off(reason: String)

    package var label: String {
        switch self {
        case .live: "live"
        case .degraded: "degraded"
        case .off: "off"
        }
    }

    package var reason: String? {
        switch self {
        case .live: nil
        case .degraded(let reason), .off(let reason): reason
        }
    }
}

/// One row of the coverage table.
package struct CoverageEntry: Equatable, Sendable {
    /// `fanotify`, `inotify`, `audit`, `proc_connector`, `taskstats`, `procfs`.
    package var source: String
    package var state: CoverageState
    /// What it is doing when live, for people: `registered daemon, 3 rules`.
    package var detail: String
    /// What its absence costs and how to close the gap; empty when live.
    package var advice: String
    /// When the newest canary that was heard was made, nanoseconds since 1970; `nil` before the first, and for sources
    /// without one.
    package var lastCanary: UInt64?

    package init(source: String, state: CoverageState, detail: String = "", advice: String = "") {
        self.source = source
        self.state = state
        self.detail = detail
        self.advice = advice
    }
}

/// Events that were lost, said aloud.
package struct Gap: Equatable, Sendable {
    package enum Cause: String, Sendable, CaseIterable {
        case fanotifyOverflow = "fanotify_overflow"
        case inotifyOverflow = "inotify_overflow"
        case processConnectorOverrun = "proc_connector_overrun"
        /// Nothing was lost, but it came too late to tell who.
        case processConnectorBehind = "proc_connector_behind"
        case taskstatsOverrun = "taskstats_overrun"
        case auditLost = "audit_lost"
        case auditSerialGap = "audit_serial_gap"
        /// The source had ended, or nothing was heard of it, until it was opened again.
        case sourceRestarted = "source_restarted"
        /// A watched filesystem was not mounted here; what was done to it elsewhere is not known.
        case filesystemUnmounted = "filesystem_unmounted"
        /// There was no time left to take in what the kernel had queued.
        case unreadAtEnd = "unread_at_end"
        /// Nobody took the lines.
        case outputBlocked = "output_blocked"
        /// Changes came faster than they could be compared with the baseline.
        case baselineBehind = "baseline_behind"
    }

    /// Whether changes of files may have been lost, rather than who made them or the lines that told of them.
    package var losesChanges: Bool {
        switch cause {
        case .fanotifyOverflow, .inotifyOverflow, .unreadAtEnd, .baselineBehind, .filesystemUnmounted: true
        // Of the others it is not known who made the changes; those themselves were told.
        case .sourceRestarted: ["fanotify", "inotify"].contains(source)
        default: false
        }
    }

    package var source: String
    package var cause: Cause
    /// How many events were lost; `nil` when the kernel does not say.
    package var count: UInt64?
    /// Nanoseconds since 1970. The loss happened between these.
    package var from: UInt64
    package var to: UInt64

    package init(source: String, cause: Cause, count: UInt64?, from: UInt64, to: UInt64) {
        self.source = source
        self.cause = cause
        self.count = count
        self.from = from
        self.to = to
    }
}

/// What leaves the pipeline.
package indirect enum SensorEvent: Sendable {
    case change(FileChange)
    case gap(Gap)
    case coverage(CoverageEntry, previous: CoverageState?, time: UInt64)
    case scan(ScanReport)
    case refused(RefusedAccess)
}
