package import EventModel

/// Writes each event as one line for people, within 100 columns where the paths let it; below a change, its diff.
///
/// `14:09:36.123 modified   /etc/passwd  root (login alice)  vim < bash < sshd < systemd  pid 812`
package struct TerminalEncoder: ~Copyable {
    private var text: TerminalText
    private var names: NameTable
    private let utcOffset: @Sendable (_ seconds: UInt64) -> Int
    private let width: Int

    /// - Parameters:
    ///   - colour: only for a terminal.
    ///   - width: columns that a line should keep within.
    ///   - utcOffset: seconds east of Greenwich at a moment given in seconds since 1970.
    package init(
        names: NameTable = NameTable(), colour: Bool, width: Int = 100,
        utcOffset: @escaping @Sendable (_ seconds: UInt64) -> Int = systemUTCOffset
    ) {
        text = TerminalText(colour: colour)
        self.names = names
        self.width = width
        self.utcOffset = utcOffset
    }

    /// Uses `names` from the next event on.
    package mutating func use(_ names: NameTable) { self.names = names }

    /// Encodes `event`; `line` has it until the next call.
    package mutating func encode(_ event: SensorEvent) {
        text.removeAll()
        switch event {
        case .change(let change):
            write(change)
            if let diff = change.contentDiff { text.append(diff) }
        case .gap(let gap): write(gap)
        case .coverage(let entry, let previous, let time): write(entry, previous: previous, time: time)
        case .scan(let report): write(report)
        case .refused(let access): write(access)
        }
        text.newLine()
    }

    /// The line of the last `encode`, with its newline; more lines for a change with a diff.
    package var line: [UInt8] { text.bytes }

    private mutating func write(_ change: FileChange) {
        text.append(clock(change.time) + " ", .dim)
        text.append(change.kind.rawValue, change.kind.style)
        text.pad(to: 24)
        if let previous = change.previousPath {
            text.append(untrusted: previous)
            text.append(" -> ", .dim)
        }
        text.append(untrusted: change.path, .bold)
        if change.type == .directory, change.path != "/" { text.append("/") }
        writeComparison(change)
        change.package?.append(to: &text)
        guard change.source != .scan else { return }
        guard let attribution = change.attribution else {
            return text.append("  by an unknown process", .dim)
        }
        text.append("  ")
        let who = WhoText(attribution, names, colour: text.colour)
        text.append(who.fitting(width - text.columns))
    }

    /// `  mode 0644 -> 0755, sha256  found by a scan; it happened after 2026-11-27 14:02:11`
    private mutating func writeComparison(_ change: FileChange) {
        if let before = change.before, let after = change.after {
            let differences = after.differences(from: before)
            for (index, attribute) in differences.enumerated() {
                text.append(index == 0 ? "  " : ", ")
                text.append(attribute.rawValue)
                guard let old = before.text(of: attribute), let new = after.text(of: attribute) else {
                    continue
                }
                text.append(" ")
                text.append(untrusted: old)
                text.append(" -> ", .dim)
                text.append(untrusted: new)
            }
        }
        guard let interval = change.interval else { return }
        text.append("  found by a scan", .dim)
        if interval.lowerBound > 0 { text.append("; it happened after \(moment(interval.lowerBound))", .dim) }
    }

    private mutating func write(_ gap: Gap) {
        text.append(clock(gap.to) + " ", .dim)
        text.append("LOST", .alarm)
        text.pad(to: 24)
        text.append(gap.count.map { "\($0) events" } ?? "an unknown number of events")
        text.append(" of ")
        text.append(untrusted: ByteString(gap.source), .bold)
        text.append(" since \(clock(gap.from)) (\(gap.cause.rawValue))")
    }

    private mutating func write(_ entry: CoverageEntry, previous: CoverageState?, time: UInt64) {
        text.append(clock(time) + " ", .dim)
        text.append("COVERAGE", .magenta)
        text.pad(to: 24)
        text.append(untrusted: ByteString(entry.source), .bold)
        text.append(" is ")
        if let previous, previous.label != entry.state.label {
            text.append("no longer \(previous.label) but ")
        }
        text.append(entry.state.label, entry.state.style)
        if let reason = entry.state.reason {
            text.append(": ")
            text.append(untrusted: ByteString(reason))
        }
        guard !entry.advice.isEmpty else { return }
        text.append("; ")
        text.append(untrusted: ByteString(entry.advice), .dim)
    }

    private mutating func write(_ report: ScanReport) {
        text.append(clock(report.to) + " ", .dim)
        text.append("SCANNED", .magenta)
        text.pad(to: 24)
        text.append("the baseline of ")
        text.append(untrusted: report.root, .bold)
        text.append(" " + report.outcome)
    }

    private mutating func write(_ access: RefusedAccess) {
        text.append(clock(access.time) + " ", .dim)
        text.append("REFUSED", .alarm)
        text.pad(to: 24)
        text.append(untrusted: access.path, .bold)
        text.append(" to uid \(access.uid), pid \(access.pid)")
        if access.attempts > 1 { text.append(", \(access.attempts) attempts") }
    }

    private func local(_ nanoseconds: UInt64) -> CivilTime {
        let offset = Int64(utcOffset(nanoseconds / 1_000_000_000)) &* 1_000_000_000
        return CivilTime(
            nanoseconds: offset < 0 ? nanoseconds &- offset.magnitude : nanoseconds &+ offset.magnitude)
    }

    /// `2026-11-24 14:09:36` in local time.
    private func moment(_ nanoseconds: UInt64) -> String {
        let time = local(nanoseconds)
        var writer = ByteWriter(capacity: 64)
        writer.append(date: time)
        writer.append(UInt8(ascii: " "))
        writer.append(clock: time)
        return String(decoding: writer.copy, as: UTF8.self)
    }

    /// `14:09:36.123` in local time.
    private func clock(_ nanoseconds: UInt64) -> String {
        var writer = ByteWriter(capacity: 64)
        let time = local(nanoseconds)
        writer.append(clock: time)
        writer.append(UInt8(ascii: "."))
        writer.append(decimal: time.nanosecond / 1_000_000, atLeast: 3)
        return String(decoding: writer.copy, as: UTF8.self)
    }
}

extension ChangeKind {
    var style: TerminalStyle {
        switch self {
        case .created, .linked: .green
        case .modified, .replaced, .attributes: .yellow
        case .deleted: .red
        case .renamed: .cyan
        case .transient: .dim
        }
    }
}

extension CoverageState {
    var style: TerminalStyle {
        switch self {
        case .live: .green
        case .degraded: .yellow
        case .off: .red
        }
    }
}
