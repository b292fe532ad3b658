package import EventModel

/// What the sensor says of itself: what it hears, what it has lost, what it costs, what it may do.
package struct StatusReport: Equatable, Sendable {
    package struct Source: Equatable, Sendable {
        package var name: String
        package var events: UInt64
        /// Events that are known to be lost.
        package var lost: UInt64
        /// Losses of which the kernel does not say how many events they were.
        package var uncountedLosses: UInt64
        /// Records that made no sense.
        package var undecodable: UInt64
        /// When a change of the sensor's own last came through, nanoseconds since 1970; `nil` when none has.
        package var lastCanary: UInt64?

        package init(
            name: String, events: UInt64 = 0, lost: UInt64 = 0, uncountedLosses: UInt64 = 0,
            undecodable: UInt64 = 0, lastCanary: UInt64? = nil
        ) {
            self.name = name
            self.events = events
            self.lost = lost
            self.uncountedLosses = uncountedLosses
            self.undecodable = undecodable
            self.lastCanary = lastCanary
        }
    }

    package struct Alerts: Equatable, Sendable {
        package var written: UInt64
        package var lost: UInt64
        package var rotations: UInt64

        package init(written: UInt64 = 0, lost: UInt64 = 0, rotations: UInt64 = 0) {
            self.written = written
            self.lost = lost
            self.rotations = rotations
        }
    }

    package struct Baseline: Equatable, Sendable {
        /// `first scan`, `scanning`, `up to date`; empty when there is no baseline.
        package var state: String
        package var files: UInt64
        /// When the last whole scan ended, nanoseconds since 1970.
        package var lastScan: UInt64?

        package init(state: String = "", files: UInt64 = 0, lastScan: UInt64? = nil) {
            self.state = state
            self.files = files
            self.lastScan = lastScan
        }
    }

    package struct SelfProtection: Equatable, Sendable {
        /// Changes of the sensor's own files.
        package var changes: UInt64
        /// Attempts of others to speak with its control socket.
        package var refusedPeers: UInt64

        package init(changes: UInt64 = 0, refusedPeers: UInt64 = 0) {
            self.changes = changes
            self.refusedPeers = refusedPeers
        }
    }

    package var version: String
    package var pid: UInt64
    /// Nanoseconds since 1970.
    package var started: UInt64
    /// When this report was made, nanoseconds since 1970. One that is old says that the sensor hangs.
    package var time: UInt64
    /// The path of the configuration.
    package var configuration: String
    /// Only what is configured: what is turned off on purpose has no entry.
    package var coverage: [CoverageEntry] = []
    package var sources: [Source] = []
    package var changes: [ChangeKind: UInt64] = [:]
    /// Changes whose process is not known.
    package var unattributed: UInt64 = 0
    package var alerts = Alerts()
    package var baseline = Baseline()
    /// Resident kilobytes.
    package var memory: UInt64 = 0
    /// Nanoseconds of all threads, in the kernel too.
    package var processorTime: UInt64 = 0
    /// Names of the capabilities in the effective set: `cap_sys_admin`.
    package var capabilities: [String] = []
    package var selfProtection = SelfProtection()

    package init(version: String, pid: UInt64, started: UInt64, time: UInt64, configuration: String) {
        self.version = version
        self.pid = pid
        self.started = started
        self.time = time
        self.configuration = configuration
    }

    /// Whether there is coverage, and all of it is live.
    package var isLive: Bool { !coverage.isEmpty && coverage.allSatisfy { $0.state == .live } }

    /// A report is made every second; one that is older than ten says that the sensor hangs.
    ///
    /// - Parameter now: nanoseconds since 1970.
    package func isStale(at now: UInt64) -> Bool { now > time && now - time > 10_000_000_000 }
}
