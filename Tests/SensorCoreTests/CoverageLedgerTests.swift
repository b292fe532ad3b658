import EventModel
import Testing

@testable import SensorCore

/// A ledger, and the transitions that it has told.
private final class Told {
    private(set) var transitions: [String] = []
    private(set) lazy var ledger = CoverageLedger { [unowned self] event in
        guard case .coverage(let entry, let previous, _) = event else { return }
        transitions.append("\(entry.source): \(previous?.label ?? "-") to \(entry.state.label)")
    }

    var entry: CoverageEntry? { ledger.entries.first }
}

@Suite struct CoverageLedgerTests {
    @Test func anEndedSourceStaysOff() {
        let told = Told()
        told.ledger.note("audit", .live)
        told.ledger.end("audit", reason: "the reader ended", advice: "Start again.")
        told.ledger.note("audit", .live)
        told.ledger.end("audit", reason: "again", advice: "")
        #expect(told.entry?.state == .off(reason: "the reader ended"))
        #expect(told.ledger.hasEnded("audit"))
        #expect(!told.ledger.hasEnded("taskstats"))
        #expect(told.transitions == ["audit: live to off"])
    }

    @Test(
        "a priority that becomes known is a transition only when it is low",
        arguments: [
            (priority: Int32(2), detail: "exits, real-time", transitions: [String]()),
            (1, "exits", []),
            (0, "exits", ["taskstats: live to degraded"]),
        ])
    func notesAPriorityOnceKnown(priority: Int32, detail: String, transitions: [String]) {
        let told = Told()
        told.ledger.noteReader("taskstats", priority: -1, detail: "exits")
        #expect(told.entry?.state == .live)
        told.ledger.noteReader("taskstats", priority: priority, detail: "exits")
        #expect(told.entry?.detail == detail)
        #expect(told.transitions == transitions)
    }

    @Test func tellsHowManyDirectoriesFoundNoWatch() {
        let told = Told()
        told.ledger.noteStandIns(["/mnt/a"], watched: 3, unwatched: 0, refusals: [])
        #expect(told.entry?.state == .degraded(reason: "no process id with the changes"))
        told.ledger.noteStandIns(["/mnt/a"], watched: 3, unwatched: 7, refusals: ["/mnt/b: no"])
        #expect(told.entry?.state == .degraded(reason: "/mnt/b: no; 7 directories not watched"))
        #expect(told.entry?.advice.contains("sysctl fs.inotify.max_user_watches") == true)
        #expect(told.transitions == ["inotify: degraded to degraded"])
    }

    /// No source is started.
    @Test func nobodyWaitsForASourceThatEnded() throws {
        let sensor = try LiveSensor(watches: [], settleWindow: 0, auditStatePath: nil) { _ in }
        let table = sensor.pipeline.table
        (table.connectorIsLive, table.taskstatsIsLive, table.auditIsLive) = (true, true, true)
        sensor.end("fanotify", reason: "", advice: "")
        #expect(table.connectorIsLive && table.taskstatsIsLive && table.auditIsLive)
        sensor.end("taskstats", reason: "", advice: "")
        #expect(table.connectorIsLive && !table.taskstatsIsLive && table.auditIsLive)
        sensor.end("audit", reason: "", advice: "")
        sensor.end("proc_connector", reason: "", advice: "")
        #expect(!table.connectorIsLive && !table.auditIsLive)
    }
}
