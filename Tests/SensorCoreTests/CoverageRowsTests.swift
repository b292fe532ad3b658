import EventModel
import KernelSources
import Testing

@testable import SensorCore

@Suite struct CoverageRowsTests {
    private static func row(_ source: String, _ state: CoverageState) -> CoverageEntry {
        CoverageEntry(source, state, .watchMissing)
    }

    @Test func onlyWhatIsInAnotherStateIsATransition() {
        let before = [
            Self.row("alerts", .live), Self.row("watches", .degraded(reason: "a")),
            Self.row("packages", .live),
        ]
        let now = [
            Self.row("alerts", .live), Self.row("watches", .degraded(reason: "b")),
            Self.row("packages", .off(reason: "c")), Self.row("control", .live),
        ]
        let transitions = CoverageTransition.all(from: before, to: now)
        #expect(transitions.map(\.entry.source) == ["watches", "packages", "control"])
        #expect(transitions.map(\.previous) == [.degraded(reason: "a"), .live, nil])
        #expect(CoverageTransition.all(from: now, to: now).isEmpty)
    }

    @Test func aBaselineThatSaysNothingIsNotLive() {
        var status = FileKeeperStatus()
        status.state = .live
        status.published = Clock.monotonic
        #expect(!status.isSilent && status.entry.state == .live)
        status.published = Clock.monotonic &- 40_000_000_000
        #expect(status.isSilent && status.entry.state == FileKeeperStatus.silence)
        #expect(status.entry.advice == CoverageAdvice.baselineSilent.text)
    }

    @Test func alertsThatCannotBeWrittenSayWhere() {
        let entry = CoverageEntry(
            alerts: KernelError(call: "write(2)", errno: 28), path: "/var/log/alerts.json")
        #expect(entry.state.reason?.hasPrefix("/var/log/alerts.json: ") == true)
        #expect(CoverageEntry(alerts: nil, path: "/x").state == .live)
    }
}
