package import EventModel

/// What there was to hear in one run, and what was missed.
package struct Summary: Sendable {
    /// One source's share.
    package struct Source: Sendable {
        package var name: String
        package var events: UInt64
        /// Events that are known to be lost.
        package var lost: UInt64
        /// Losses of which the kernel does not say how many events they were.
        package var uncountedLosses: UInt64
        /// Records that made no sense.
        package var undecodable: UInt64

        package init(
            name: String, events: UInt64 = 0, lost: UInt64 = 0, uncountedLosses: UInt64 = 0,
            undecodable: UInt64 = 0
        ) {
            self.name = name
            self.events = events
            self.lost = lost
            self.uncountedLosses = uncountedLosses
            self.undecodable = undecodable
        }
    }

    /// Nanoseconds from start to end.
    package var duration: UInt64
    package var changes: [ChangeKind: UInt64]
    /// Changes whose process is not known.
    package var unattributed: UInt64
    /// Changes that were told before their settle window ended, because too many were pending.
    package var settledEarly: UInt64
    package var sources: [Source]

    package init(
        duration: UInt64, changes: [ChangeKind: UInt64] = [:], unattributed: UInt64 = 0,
        settledEarly: UInt64 = 0, sources: [Source] = []
    ) {
        self.duration = duration
        self.changes = changes
        self.unattributed = unattributed
        self.settledEarly = settledEarly
        self.sources = sources
    }

    /// Several lines for people, the last ended by a newline.
    package func render(colour: Bool, width: Int = 100) -> [UInt8] {
        var text = TerminalText(colour: colour)
        let total = changes.values.reduce(0, &+)
        let tenths = duration / 100_000_000
        let kinds = ChangeKind.allCases.compactMap { kind in
            changes[kind].flatMap { $0 > 0 ? "\($0) \(kind.rawValue)" : nil }
        }
        var first = "\(total) \(total == 1 ? "change" : "changes") in \(tenths / 10).\(tenths % 10) s"
        if !kinds.isEmpty { first += ": " + kinds.joined(separator: ", ") }
        if unattributed > 0 { first += "; \(unattributed) by an unknown process" }
        if settledEarly > 0 { first += "; \(settledEarly) told early, too many were pending" }
        text.append(wrapping: first, from: 0, to: width)
        text.newLine()
        let column = (sources.map(\.name.utf8.count).max() ?? 0) + 4
        for source in sources {
            text.append("  ")
            text.append(untrusted: ByteString(source.name), .bold)
            text.pad(to: column)
            text.append("\(source.events) events, ")
            text.append(source.losses, source.lost + source.uncountedLosses > 0 ? .alarm : .green)
            if source.undecodable > 0 { text.append(", \(source.undecodable) not understood", .alarm) }
            text.newLine()
        }
        return text.bytes
    }
}

extension Summary.Source {
    fileprivate var losses: String {
        switch (lost, uncountedLosses) {
        case (0, 0): "nothing lost"
        case (_, 0): "\(lost) lost"
        case (0, _): "lost \(uncountedLosses) times, how much is not known"
        case (_, _): "\(lost) lost, and \(uncountedLosses) times how much is not known"
        }
    }
}
