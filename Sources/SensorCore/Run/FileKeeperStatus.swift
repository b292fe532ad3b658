internal import EventModel
internal import Reporting

/// What the file integrity module says of itself.
struct FileKeeperStatus: Sendable {
    /// `nil` until the database has been opened for the first time.
    var state: CoverageState?
    var advice = ""
    /// Changes that events told of, and those that scans found.
    var changes: UInt64 = 0
    var found: UInt64 = 0
    /// The scan under way, and how far it is.
    var scanning: (root: ByteString, files: UInt64)?
    /// The last complete scan of each root.
    var scanned: [ByteString: ScanReport] = [:]
    /// In which trees the last scan has met a directory with too many names.
    var tooLarge: [ByteString: ByteString] = [:]
    /// What the sink has counted, as of the last second.
    var kinds: [ChangeKind: UInt64] = [:]
    var unattributed: UInt64 = 0
    var alerts: UInt64 = 0
    var alertsLost: UInt64 = 0
    /// Changes of the sensor's own files.
    var ownChanges: UInt64 = 0
    /// When this was said; CLOCK_MONOTONIC nanoseconds, 0 for never.
    var published: UInt64 = 0
    /// Nothing is to be scanned, looked at again or written.
    var isSettled = false
}

extension FileKeeperStatus {
    /// The state of a module that says nothing.
    static let silence = CoverageState.degraded(reason: "nothing heard of it for more than 30 s")

    /// Whether the module has said nothing for so long.
    var isSilent: Bool {
        let silence = published == 0 ? 0 : (Clock.monotonic &- published) / 1_000_000_000
        return silence > 30 && silence < 1 << 32
    }

    /// The module's row in the table of coverage.
    var entry: CoverageEntry {
        if isSilent { return CoverageEntry("baseline", Self.silence, detail: detail, .baselineSilent) }
        guard let state else {
            return CoverageEntry(
                "baseline", .off(reason: "not yet opened"), detail: detail, .baselineUnopened)
        }
        return CoverageEntry(source: "baseline", state: state, detail: detail, advice: advice)
    }

    /// A further row, of what scans leave out.
    var scans: CoverageEntry {
        guard let directory = tooLarge.values.min() else {
            return CoverageEntry(source: "scans", state: .live)
        }
        let reason = "too many names to be scanned in \(directory.text)"
        return CoverageEntry("scans", .degraded(reason: reason), .tooManyNames)
    }

    private var files: UInt64 { scanned.values.reduce(0) { $0 + $1.files } }

    private var detail: String {
        if let scanning { return "scans \(scanning.root.text), \(scanning.files) files so far" }
        return "\(files) files in \(scanned.count) trees"
    }

    var report: StatusReport.Baseline {
        let isFirst = scanning.map { scanned[$0.root] == nil } ?? false
        return StatusReport.Baseline(
            state: isFirst ? "first scan" : isSettled ? "up to date" : "scanning", files: files,
            lastScan: scanned.values.map(\.to).max())
    }
}
