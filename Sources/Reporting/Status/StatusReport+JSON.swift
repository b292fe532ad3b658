internal import EventModel

extension StatusReport {
    /// One JSON object and a newline, as `docs/control-socket.md` has it.
    package var json: [UInt8] {
        var writer = ByteWriter()
        writer.root { writer in
            writer.field("version", version)
            writer.field("pid", pid)
            writer.field("started", started)
            writer.field("time", time)
            writer.field("configuration", configuration)
            writer.field("live", isLive)
            writer.array("coverage") { list in
                for entry in coverage { list.element { $0.write(entry) } }
            }
            writer.array("sources") { list in
                for source in sources { list.element { $0.write(source) } }
            }
            writer.write(self)
        }
        writer.append("\n")
        return writer.copy
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ report: StatusReport) {
        object("changes") { object in
            for kind in ChangeKind.allCases { object.field(text: kind.rawValue, report.changes[kind] ?? 0) }
            object.field("unattributed", report.unattributed)
        }
        object("alerts") { object in
            object.field("written", report.alerts.written)
            object.field("lost", report.alerts.lost)
            object.field("rotations", report.alerts.rotations)
        }
        object("baseline") { object in
            object.field("state", report.baseline.state)
            object.field("files", report.baseline.files)
            if let time = report.baseline.lastScan { object.field("last_scan", time) }
        }
        object("process") { object in
            object.field("memory_kilobytes", report.memory)
            object.field("processor_nanoseconds", report.processorTime)
            object.array("capabilities") { list in
                for name in report.capabilities { list.element(ByteString(name)) }
            }
        }
        object("self_protection") { object in
            object.field("changes", report.selfProtection.changes)
            object.field("refused_peers", report.selfProtection.refusedPeers)
        }
    }

    fileprivate mutating func write(_ entry: CoverageEntry) {
        field("source", entry.source)
        field("state", entry.state.label)
        if let reason = entry.state.reason { field("reason", reason) }
        if !entry.detail.isEmpty { field("detail", entry.detail) }
        if !entry.advice.isEmpty { field("advice", entry.advice) }
    }

    fileprivate mutating func write(_ source: StatusReport.Source) {
        field("name", source.name)
        field("events", source.events)
        field("lost", source.lost)
        field("uncounted_losses", source.uncountedLosses)
        field("undecodable", source.undecodable)
        if let time = source.lastCanary { field("last_canary", time) }
    }

    /// `key` must need no escape: the name of a case of ours.
    private mutating func field(text key: String, _ value: UInt64) {
        separate()
        quote(key.utf8.span)
        append(":")
        append(decimal: value)
    }
}
