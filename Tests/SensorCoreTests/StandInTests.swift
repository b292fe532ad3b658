import EventModel
import Foundation
import Testing

@testable import SensorCore

/// A sensor of which only inotify is started.
@Suite struct StandInTests {
    private final class Told {
        var events: [SensorEvent] = []

        var changes: [String] {
            events.compactMap { event in
                if case .change(let change) = event { change.path.lastComponent.text } else { nil }
            }
        }
        var gaps: [Gap] {
            events.compactMap { event in
                if case .gap(let gap) = event { gap } else { nil }
            }
        }
    }

    private let directory: TestDirectory
    private let sensor: LiveSensor
    private let told = Told()

    init() throws {
        directory = try TestDirectory()
        sensor = try LiveSensor(
            watches: ["/keys", "/none/keys"].map { [directory] in ByteString(directory.path + $0) },
            settleWindow: 0, auditStatePath: nil, canaryInterval: 0
        ) { [told] in told.events.append($0) }
        sensor.standIn(for: sensor.watches)
    }

    /// Takes in events until `isEnough`.
    private func take(until isEnough: () -> Bool) {
        let deadline = Date().addingTimeInterval(10)
        while !isEnough(), Date() < deadline {
            _ = sensor.drainOnce()
            sensor.pipeline.advance(now: Clock.monotonic)
            usleep(1_000)
        }
        sensor.pipeline.finish()
    }

    @Test func whatIsMadeWhereNothingWasIsHeard() throws {
        try directory.write("one", to: directory.path + "/keys")
        try directory.write("two", to: directory.path + "/other")
        take { told.changes.contains("keys") }
        #expect(told.changes.contains("keys") && !told.changes.contains("other"))
        sensor.stop()
    }

    @Test func whatHasNoDirectoryYetIsNoRefusalAndTriedAgain() throws {
        #expect(sensor.standInRefusals.isEmpty && sensor.awaitsStandIns)
        try FileManager.default.createDirectory(
            atPath: directory.path + "/none", withIntermediateDirectories: false)
        sensor.retryStandIns(now: Clock.monotonic + 60_000_000_000)
        #expect(!sensor.awaitsStandIns && told.gaps.isEmpty)
        try directory.write("one", to: directory.path + "/none/keys")
        take { told.changes.contains("keys") }
        #expect(told.changes.contains("keys"))
        sensor.stop()
    }

    @Test func whatFoundNoWatchAtFirstLeavesAGap() throws {
        let source = try #require(sensor.inotify?.source)
        sensor.standInRefusals = ["refused"]
        sensor.noteStandIns(source)
        sensor.retryStandIns(now: Clock.monotonic + 60_000_000_000)
        #expect(told.gaps.map(\.cause) == [.sourceRestarted] && told.gaps.allSatisfy(\.losesChanges))
        #expect(sensor.lackingSince == nil)
        sensor.stop()
    }
}
