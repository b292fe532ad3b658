import EventModel
import Foundation
import Testing

@testable import Reporting

private let second: UInt64 = 1_000_000_000

/// One of everything.
func sampleReport() -> StatusReport {
    var report = StatusReport(
        version: "0.3.0", pid: 812, started: sampleTime - 11_000 * second, time: sampleTime,
        configuration: "/etc/vedette/vedette.yml")
    report.coverage = [
        CoverageEntry(source: "fanotify", state: .live, detail: "3 filesystems"),
        CoverageEntry(
            source: "audit", state: .degraded(reason: "rules are locked (auditctl -e 2)"), detail: "daemon",
            advice: "Attribution falls back to /proc. Restart the host."),
        CoverageEntry(source: "taskstats", state: .off(reason: "no CAP_NET_ADMIN"), advice: "Grant it."),
    ]
    report.sources = [
        .init(name: "fanotify", events: 12_345, lastCanary: sampleTime - 20 * second),
        .init(name: "audit", events: 9, lost: 2, uncountedLosses: 1, undecodable: 3),
    ]
    report.changes = [.created: 12, .replaced: 1]
    report.unattributed = 2
    report.alerts = .init(written: 13, lost: 1, rotations: 4)
    report.baseline = .init(state: "up to date", files: 20_034, lastScan: sampleTime - 200 * second)
    (report.memory, report.processorTime) = (14_592, 61_250_000_000)
    report.capabilities = ["cap_dac_read_search", "cap_sys_admin"]
    report.selfProtection = .init(changes: 1, refusedPeers: 5)
    return report
}

private let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

private func compare(_ bytes: [UInt8], _ name: String) throws {
    let file = packageRoot.appendingPathComponent("Tests/ReportingTests/Fixtures/" + name)
    if ProcessInfo.processInfo.environment["VEDETTE_UPDATE_GOLDEN"] == "1" { try Data(bytes).write(to: file) }
    #expect(text(bytes) == (try String(contentsOf: file, encoding: .utf8)))
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct StatusReportTests {
    @Test func isReadBackAsItWasWritten() throws {
        let report = sampleReport()
        let json = try #require(JSONValue(report.json))
        #expect(StatusReport(json) == report)
        #expect(json["live"] == .bool(false))
    }

    @Test func isWhatTheGoldenFileSays() throws {
        try compare(sampleReport().json, "status.golden.json")
    }

    @Test func numbersHoweverLargeAreShown() {
        var report = sampleReport()
        report.sources = [
            .init(name: "a", events: .max, lost: .max, uncountedLosses: .max, undecodable: .max)
        ]
        report.selfProtection = .init(changes: .max, refusedPeers: .max)
        (report.memory, report.processorTime, report.started) = (.max, .max, .max)
        #expect(!StatusTable(report, now: 1, colour: true).render().isEmpty)
        #expect(!report.metrics.isEmpty)
    }

    @Test func foundationReadsItToo() throws {
        let object = try JSONSerialization.jsonObject(with: Data(sampleReport().json)) as? [String: Any]
        #expect(object?["pid"] as? Int == 812)
        #expect((object?["coverage"] as? [Any])?.count == 3)
    }

    @Test func isLiveOnlyWhenThereIsCoverageAndAllOfItIs() {
        var report = sampleReport()
        #expect(!report.isLive)
        report.coverage = [CoverageEntry(source: "audit", state: .live)]
        #expect(report.isLive)
        report.coverage = []
        #expect(!report.isLive)
    }

    @Test func anUnknownStateIsNoneThatIsLive() throws {
        let line = text(sampleReport().json).replacingOccurrences(of: "\"degraded\"", with: "\"dreaming\"")
        let report = try #require(JSONValue(Array(line.utf8)).flatMap { StatusReport($0) })
        #expect(report.coverage[1].state.label == "off")
    }

    @Test func isNothingWithoutWhatIsEssential() {
        for line in ["{}", "[]", "{\"version\":\"1\",\"pid\":1,\"started\":2}", "{\"version\":1,\"pid\":1}"] {
            #expect(JSONValue(Array(line.utf8)).flatMap { StatusReport($0) } == nil)
        }
    }

    @Test func tellsPeopleWithinAHundredColumns() {
        let lines = text(StatusTable(sampleReport(), now: sampleTime + second, colour: false).render())
        let wanted = """
            vedette 0.3.0, pid 812, up 3 h 3 min, 14.2 MB, 1 min 1 s of processor time
            configuration /etc/vedette/vedette.yml

            SOURCE     STATE     WHAT IT DOES, OR WHY NOT
            fanotify   live      3 filesystems
            audit      degraded  rules are locked (auditctl -e 2); daemon
                                 Attribution falls back to /proc. Restart the host.
            taskstats  off       no CAP_NET_ADMIN
                                 Grant it.

            SOURCE    EVENTS         LOST                NOT UNDERSTOOD   LAST CANARY
            fanotify  12345          0                   0                21.0 s ago
            audit     9              2, 1 times some     3                none yet

            changes     12 created, 1 replaced, 2 by an unknown process
            alerts      13 written, 1 lost, 4 rotations
            baseline    up to date, 20034 files, last scan 3 min 21 s ago
            privileges  cap_dac_read_search, cap_sys_admin
            protection  1 changes of its own files, 5 refused at its control socket

            """
        #expect(lines == wanted)
        #expect(lines.split(separator: "\n").allSatisfy { $0.utf8.count <= 100 })
    }

    @Test func saysThatASensorHangs() {
        let table = StatusTable(sampleReport(), now: sampleTime + 60 * second, colour: false)
        #expect(text(table.render()).contains("the sensor hangs: it made this report 1 min 0 s ago"))
    }

    @Test func aClockThatWasSetBackIsNoTrouble() {
        let table = StatusTable(sampleReport(), now: 5, colour: true)
        #expect(text(table.render()).contains("up 0.0 s"))
    }
}

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("{\"a\":[1,\"b\\n\\u00e4\",true,null,{}],\"c\":{\"d\":18446744073709551615}}", true),
        (" [ ] ", true), ("0", true),
        ("", false), ("01", false), ("18446744073709551616", false), ("1.5", false), ("-1", false),
        ("{\"a\":1,}", false),
        ("[1 2]", false), ("\"a", false), ("\"\\ud800\"", false), ("\"\\u+123\"", false),
        ("\"\u{1}\"", false),
        ("[1]]", false), ("tru", false), ("{a:1}", false), ("{\"a\" 1}", false),
    ])
    func readsWhatIsJSONAndNothingElse(_ line: String, _ isValue: Bool) {
        #expect((JSONValue(Array(line.utf8)) != nil) == isValue)
    }

    @Test func refusesDepthInsteadOfRunningOutOfStack() {
        #expect(JSONValue([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) == nil)
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(JSONValue(Array(deep.utf8)) != nil)
        #expect(JSONValue(Array("[\(deep)]".utf8)) == nil)
    }

    @Test func aReportCutAnywhereIsRefusedOrWhole() {
        let whole = sampleReport().json
        for end in 0..<(whole.count - 1) { #expect(JSONValue(Array(whole[..<end])) == nil) }
    }
}

@Suite struct MetricsTests {
    @Test func areWhatTheGoldenFileSays() throws {
        try compare(sampleReport().metrics, "metrics.golden.txt")
    }

    /// The page's table is as the code has it, row by row.
    @Test func areAllInTheReference() throws {
        let page = try String(
            contentsOf: packageRoot.appendingPathComponent("docs/metrics.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `vedette_") }.map(String.init)
        let wanted = Metric.all.map { metric in
            let labels = metric.labels.split(separator: ", ").map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |"
        }
        #expect(rows == wanted)
    }

    @Test func everyNameIsThereOnceAndCountersEndInTotal() {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        for metric in Metric.all {
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            #expect(metric.name.hasPrefix("vedette_"))
        }
    }

    @Test func aLabelCannotBreakItsLine() {
        var report = sampleReport()
        report.sources = [.init(name: "a\"b\\c\nd")]
        let lines = text(report.metrics).split(separator: "\n")
        #expect(lines.contains("vedette_source_events_total{source=\"a\\\"b\\\\c\\nd\"} 0"))
    }

    @Test func whatHasNoValueIsLeftOut() {
        let report = StatusReport(version: "1", pid: 1, started: 1, time: 2, configuration: "")
        #expect(!text(report.metrics).contains("last_scan"))
        #expect(!text(report.metrics).contains("vedette_source_"))
    }
}
