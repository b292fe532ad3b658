internal import EventModel

/// A status report for people.
package struct StatusTable {
    package var report: StatusReport
    /// Nanoseconds since 1970.
    package var now: UInt64
    package var colour: Bool
    package var width: Int

    /// - Parameter width: columns to keep within; what is longer is wrapped.
    package init(_ report: StatusReport, now: UInt64, colour: Bool, width: Int = 100) {
        self.report = report
        self.now = now
        self.colour = colour
        self.width = width
    }

    /// Several lines, the last ended by a newline.
    package func render() -> [UInt8] {
        var before = TerminalText(colour: colour)
        head(&before)
        before.newLine()
        var after = TerminalText(colour: colour)
        after.newLine()
        sources(&after)
        after.newLine()
        modules(&after)
        return before.bytes + CoverageTable(report.coverage, colour: colour, width: width).render()
            + after.bytes
    }

    private func head(_ text: inout TerminalText) {
        let up = Elapsed.text(now &- min(report.started, now))
        text.append(
            wrapping: "vedette \(report.version), pid \(report.pid), up \(up), \(megabytes), "
                + "\(Elapsed.text(report.processorTime)) of processor time", from: 0, to: width)
        text.newLine()
        if !report.configuration.isEmpty {
            text.append(wrapping: "configuration \(report.configuration)", from: 0, to: width, .dim)
            text.newLine()
        }
        guard report.isStale(at: now) else { return }
        let age = Elapsed.text(now - report.time)
        text.append(
            wrapping: "the sensor hangs: it made this report \(age) ago; see its log, restart it", from: 0,
            to: width, .alarm)
        text.newLine()
    }

    private var megabytes: String { "\(report.memory / 1_024).\(report.memory % 1_024 * 10 / 1_024) MB" }

    private func sources(_ text: inout TerminalText) {
        let name = max(report.sources.map(\.name.utf8.count).max() ?? 0, "SOURCE".utf8.count) + 2
        let columns = [name, name + 15, name + 35, name + 52]
        for (column, title) in zip(
            [0] + columns, ["SOURCE", "EVENTS", "LOST", "NOT UNDERSTOOD", "LAST CANARY"])
        {
            text.pad(to: column)
            text.append(title, .dim)
        }
        text.newLine()
        for source in report.sources {
            text.append(untrusted: ByteString(source.name), .bold)
            text.pad(to: columns[0])
            text.append("\(source.events)")
            text.pad(to: columns[1])
            text.append(source.losses, source.lost > 0 || source.uncountedLosses > 0 ? .alarm : nil)
            text.pad(to: columns[2])
            text.append("\(source.undecodable)", source.undecodable > 0 ? .alarm : nil)
            text.pad(to: columns[3])
            text.append(ago(source.lastCanary) ?? "none yet")
            text.newLine()
        }
    }

    private func modules(_ text: inout TerminalText) {
        let kinds = ChangeKind.allCases.compactMap { kind in
            report.changes[kind].flatMap { $0 > 0 ? "\($0) \(kind.rawValue)" : nil }
        }
        let unknown = report.unattributed > 0 ? ["\(report.unattributed) by an unknown process"] : []
        let baseline =
            report.baseline.state.isEmpty
            ? ["none"]
            : [
                report.baseline.state, "\(report.baseline.files) files",
                ago(report.baseline.lastScan).map { "last scan \($0)" } ?? "no whole scan yet",
            ]
        let alerts = report.alerts
        let own = report.selfProtection
        line("changes", (kinds.isEmpty ? ["none"] : kinds) + unknown, &text)
        line(
            "alerts",
            ["\(alerts.written) written", "\(alerts.lost) lost", "\(alerts.rotations) rotations"], &text,
            isBad: alerts.lost > 0)
        line("baseline", baseline, &text)
        line("privileges", report.capabilities.isEmpty ? ["none"] : report.capabilities, &text)
        line(
            "protection",
            ["\(own.changes) changes of its own files", "\(own.refusedPeers) refused at its control socket"],
            &text, isBad: own.changes > 0 || own.refusedPeers > 0)
    }

    private func line(_ title: String, _ parts: [String], _ text: inout TerminalText, isBad: Bool = false) {
        text.append(title, .dim)
        text.append(wrapping: parts.joined(separator: ", "), from: 12, to: width, isBad ? .alarm : nil)
        text.newLine()
    }

    private func ago(_ time: UInt64?) -> String? { time.map { Elapsed.text(now &- min($0, now)) + " ago" } }
}

extension StatusReport.Source {
    fileprivate var losses: String {
        switch (lost, uncountedLosses) {
        case (_, 0): "\(lost)"
        case (0, _): "\(uncountedLosses) times some"
        case (_, _): "\(lost), \(uncountedLosses) times some"
        }
    }
}

/// Lengths of time for people.
private enum Elapsed {
    /// Two units at most: `3 d 4 h`, `12 min 5 s`, `8.1 s`.
    static func text(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        switch seconds {
        case ..<60: return "\(seconds).\(nanoseconds / 100_000_000 % 10) s"
        case ..<3_600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}
