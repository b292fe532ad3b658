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
    @Test func namesPathsAsTheHostDoes() {
        let ledger = CoverageLedger(host: HostRoot("/host")) { _ in }
        ledger.noteStandIns(["/host/etc", "/host", "/hosts"], watched: 3, unwatched: 0, refusals: [])
        #expect(ledger.entries.map(\.detail) == ["3 directories in /etc, /, /hosts"])
    }

    @Test func aSourceInTroubleIsWhatItSaysOnlyAfterwards() {
        let told = Told()
        told.ledger.noteLive("audit", detail: "3 rules")
        told.ledger.trouble("audit", .off(reason: "the reader ended"), advice: .auditEnded)
        told.ledger.noteLive("audit", detail: "4 rules")
        #expect(told.entry?.state == .off(reason: "the reader ended"))
        #expect(told.ledger.isInTrouble("audit"))
        #expect(!told.ledger.isInTrouble("taskstats"))
        told.ledger.settle("audit")
        told.ledger.settle("audit")
        #expect(told.entry?.state == .live && told.entry?.detail == "4 rules")
        #expect(told.transitions == ["audit: live to off", "audit: off to live"])
    }

    @Test func aCanaryAndARemarkAreNoTransitions() {
        let told = Told()
        told.ledger.noteLive("fanotify", detail: "1 filesystem")
        told.ledger.noteCanary("fanotify", at: 17)
        told.ledger.remark("fanotify", "no canary in /boot: EROFS")
        #expect(told.entry?.lastCanary == 17)
        #expect(told.entry?.detail == "1 filesystem, no canary in /boot: EROFS")
        #expect(told.transitions.isEmpty)
    }

    @Test func rowsThatComeAndGoAreToldOnceTheFirstTableHasBeen() {
        let told = Told()
        told.ledger.noteLive("procfs")
        told.ledger.tellsAll = true
        told.ledger.note("inotify", .degraded(reason: "no process id"), advice: .standIn)
        told.ledger.forget("inotify", .off(reason: "fanotify is back"), advice: .standInOver)
        #expect(told.entry?.source == "procfs")
        #expect(told.transitions == ["inotify: - to degraded", "inotify: degraded to off"])
    }

    @Test(arguments: CoverageAdvice.allCases)
    func whatIsNotLiveSaysWhatItCostsAndWhatToDo(advice: CoverageAdvice) {
        #expect(advice.cost.hasSuffix(".") && advice.cost.count > 10)
        #expect(advice.remedy.hasSuffix(".") && advice.remedy.count > 10)
        #expect(CoverageEntry("x", .off(reason: "y"), advice).advice == advice.text)
        #expect(CoverageEntry("x", .live, advice).advice.isEmpty)
    }

    @Test func fanotifyThatWasNotThereAtTheStartLeavesAGapWhenItComes() throws {
        let sensor = try LiveSensor(watches: [], settleWindow: 0, auditStatePath: nil) { _ in }
        sensor.losePassing(.fanotify, .off(reason: "EMFILE"), now: 1)
        #expect(sensor.recoveries[.fanotify]?.leavesGap == true)
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
        sensor.lose(.fanotify, "")
        #expect(table.connectorIsLive && table.taskstatsIsLive && table.auditIsLive)
        sensor.lose(.taskstats, "")
        #expect(table.connectorIsLive && !table.taskstatsIsLive && table.auditIsLive)
        sensor.lose(.audit, "")
        sensor.lose(.connector, "")
        #expect(!table.connectorIsLive && !table.auditIsLive)
    }

    @Test func whatEndsAgainWhileItIsToBeOpenedIsToldOnce() throws {
        var told = 0
        let sensor = try LiveSensor(watches: [], settleWindow: 0, auditStatePath: nil) { _ in told += 1 }
        sensor.ledger.noteLive("taskstats")
        sensor.lose(.taskstats, "the reader ended")
        sensor.lose(.taskstats, "the reader ended again")
        #expect(told == 1)
        #expect(sensor.recoveries[.taskstats]?.leavesGap == false)
        #expect(sensor.hasFailed(.taskstats))
    }
}
