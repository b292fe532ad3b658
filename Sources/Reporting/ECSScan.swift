internal import EventModel

extension ByteWriter {
    /// A scan that has ended.
    mutating func write(_ report: ScanReport, _ context: ECSContext) {
        head(time: report.to)
        object("event") { writer in
            writer.field("kind", literal: "state")
            writer.array("category") { $0.element(literal: "file") }
            writer.array("type") { $0.element(literal: "info") }
            writer.field("action", literal: "scan")
            writer.field("module", literal: "vedette")
            writer.field("dataset", literal: "vedette.scan")
            writer.field("provider", literal: "scan")
            writer.field("sequence", context.sequence)
            writer.field("start", timestamp: report.from)
            writer.field("end", timestamp: report.to)
        }
        field("message", "the baseline of \(report.root.text) \(report.outcome)")
        object("file") { writer in
            writer.field("path", report.root)
        }
        object("vedette") { writer in
            writer.object("file") { $0.exactBytes("path_bytes", of: report.root) }
            writer.object("scan") { writer in
                writer.field("reason", report.reason.rawValue)
                writer.field("first", report.isFirst)
                writer.field("files", report.files)
                writer.field("read", report.read)
                writer.field("changes", report.changes)
                writer.field("unreadable", report.unreadable)
            }
        }
    }
}

extension ScanReport {
    /// `is true: 1234 files scanned after a loss of events, 2 changes found`
    var outcome: String {
        let why =
            switch reason {
            case .start: "at the start"
            case .periodic: "as planned"
            case .gap: "after a loss of events"
            case .links: "for other names of changed files"
            case .request: "as asked for"
            case .renewal: "because the database begins anew"
            }
        return isFirst
            ? "is taken: \(files) files" : "is true: \(files) files scanned \(why), \(changes) changes found"
    }
}
