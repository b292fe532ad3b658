internal import EventModel

/// One metric of the sensor in the Prometheus text format.
package struct Metric: Sendable {
    package enum Kind: String, Sendable {
        case counter
        case gauge
    }

    struct Sample {
        /// In the order in which they are written.
        var labels: [(name: StaticString, value: String)] = []
        var value: Value
    }

    enum Value {
        case whole(UInt64)
        /// Written in seconds.
        case nanoseconds(UInt64)
    }

    package let name: String
    package let kind: Kind
    package let help: String
    /// The names of the labels, separated by commas.
    package let labels: String
    let samples: @Sendable (StatusReport) -> [Sample]
}

extension Metric {
    fileprivate static func single(
        _ name: String, _ kind: Kind, _ help: String, _ value: @escaping @Sendable (StatusReport) -> Value?
    ) -> Metric {
        Metric(name: name, kind: kind, help: help, labels: "") { report in
            value(report).map { [Sample(value: $0)] } ?? []
        }
    }

    fileprivate static func perSource(
        _ name: String, _ kind: Kind, _ help: String,
        _ value: @escaping @Sendable (StatusReport.Source) -> Value?
    ) -> Metric {
        Metric(name: name, kind: kind, help: help, labels: "source") { report in
            report.sources.compactMap { source in
                value(source).map { Sample(labels: [("source", source.name)], value: $0) }
            }
        }
    }

    /// All of them, in the order in which they are written.
    package static let all: [Metric] = [
        Metric(
            name: "vedette_build_info", kind: .gauge, help: "Always 1; the label has the version.",
            labels: "version"
        ) { [Sample(labels: [("version", $0.version)], value: .whole(1))] },
        .single("vedette_start_time_seconds", .gauge, "When the sensor started, seconds since 1970.") {
            .nanoseconds($0.started)
        },
        .single(
            "vedette_report_time_seconds", .gauge,
            "When these values were taken, seconds since 1970; when old, the sensor hangs."
        ) { .nanoseconds($0.time) },
        Metric(
            name: "vedette_coverage_state", kind: .gauge,
            help: "1 for the state that a source or module is in, 0 for the others.", labels: "source, state"
        ) { report in report.coverage.flatMap(states) },
        .single("vedette_coverage_live", .gauge, "1 when everything that is configured is live, else 0.") {
            .whole($0.isLive ? 1 : 0)
        },
        .perSource("vedette_source_events_total", .counter, "Events that a source has delivered.") {
            .whole($0.events)
        },
        .perSource("vedette_source_lost_total", .counter, "Events of a source that are known to be lost.") {
            .whole($0.lost)
        },
        .perSource(
            "vedette_source_uncounted_losses_total", .counter,
            "Losses of a source of which the kernel does not say how many events they were."
        ) { .whole($0.uncountedLosses) },
        .perSource("vedette_source_undecodable_total", .counter, "Records of a source that made no sense.") {
            .whole($0.undecodable)
        },
        .perSource(
            "vedette_source_last_canary_time_seconds", .gauge,
            "When a change of the sensor's own last came through a source, seconds since 1970."
        ) { $0.lastCanary.map { .nanoseconds($0) } },
        Metric(
            name: "vedette_changes_total", kind: .counter, help: "Changes that were told.", labels: "kind"
        ) { report in
            ChangeKind.allCases.map { kind in
                Sample(labels: [("kind", kind.rawValue)], value: .whole(report.changes[kind] ?? 0))
            }
        },
        .single("vedette_changes_unattributed_total", .counter, "Changes whose process is not known.") {
            .whole($0.unattributed)
        },
        .single("vedette_alerts_written_total", .counter, "Alerts that were written.") {
            .whole($0.alerts.written)
        },
        .single("vedette_alerts_lost_total", .counter, "Alerts that could not be written.") {
            .whole($0.alerts.lost)
        },
        .single("vedette_alerts_rotations_total", .counter, "Rotations of the file of alerts.") {
            .whole($0.alerts.rotations)
        },
        .single("vedette_baseline_files", .gauge, "Files in the baseline.") { .whole($0.baseline.files) },
        .single(
            "vedette_baseline_last_scan_time_seconds", .gauge,
            "When the last whole scan ended, seconds since 1970."
        ) { $0.baseline.lastScan.map { .nanoseconds($0) } },
        .single("vedette_resident_memory_bytes", .gauge, "Resident memory of the sensor.") {
            .whole($0.memory &* 1_024)
        },
        .single(
            "vedette_processor_seconds_total", .counter, "Processor time of the sensor, in the kernel too."
        ) {
            .nanoseconds($0.processorTime)
        },
        .single("vedette_self_changes_total", .counter, "Changes of the sensor's own files.") {
            .whole($0.selfProtection.changes)
        },
        .single(
            "vedette_control_refused_peers_total", .counter,
            "Attempts of others to speak with the control socket."
        ) { .whole($0.selfProtection.refusedPeers) },
    ]

    private static func states(_ entry: CoverageEntry) -> [Sample] {
        ["live", "degraded", "off"].map { state in
            Sample(
                labels: [("source", entry.source), ("state", state)],
                value: .whole(entry.state.label == state ? 1 : 0))
        }
    }
}
