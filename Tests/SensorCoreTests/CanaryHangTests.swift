import EventModel
import Glibc
import Testing

@testable import SensorCore

/// A canary that is stopped hangs as one in a frozen filesystem does, and lets the test go on afterwards.
@Suite struct CanaryHangTests {
    private let directory: TestDirectory
    private let sensor: LiveSensor
    private let told = Told()

    private final class Told {
        var states: [CoverageState] = []
    }

    init() throws {
        directory = try TestDirectory()
        sensor = try LiveSensor(
            watches: [], settleWindow: 0, auditStatePath: nil, canaryInterval: 1,
            canaryDirectory: ByteString(directory.path)
        ) { [told] event in
            if case .coverage(let entry, _, _) = event, entry.source == "canaries" {
                told.states.append(entry.state)
            }
        }
        sensor.noteCanaries()
    }

    /// Makes canaries until one is stopped before its end.
    private func hang() throws -> Int32 {
        for _ in 0..<1_000 {
            let child = try #require(sensor.canaries.child)
            let places = [ByteString](repeating: "/none", count: CanaryChild.placesLimit)
            sensor.canaries.places = places.map { (1, $0) }
            sensor.canaries.madeAt = Clock.monotonic
            try child.start(in: places, executes: false)
            kill(child.pid, SIGSTOP)
            var info = siginfo_t()
            while waitid(P_PID, id_t(child.pid), &info, WEXITED | WSTOPPED | WNOWAIT) != 0 {}
            if !child.hasEnded { return child.pid }
            child.reap()
        }
        throw NeverStopped()
    }

    private struct NeverStopped: Error {}

    @Test func theNextOneIsMadeAllTheSameAndCoverageSaysSo() throws {
        let pid = try hang()
        let now = Clock.monotonic
        sensor.tendCanaries(now: now)
        #expect(sensor.canaries.hung.isEmpty)
        sensor.tendCanaries(now: now + Canaries.patience)
        #expect(sensor.canaries.hung.map(\.place) == ["/none"])
        #expect(told.states == [.degraded(reason: "one hangs in /none")])
        sensor.tendCanaries(now: now + Canaries.patience + Canaries.soon)
        #expect(sensor.canaries.pid > 0 && sensor.canaries.pid != pid)
        #expect(sensor.canaries.places.map(\.directory) == [ByteString(directory.path)])
        #expect(sensor.canaries.pids.first == pid)
        kill(pid, SIGCONT)
        while !sensor.canaries.hung.isEmpty {
            sensor.tendCanaries(now: Clock.monotonic)
            usleep(1_000)
        }
        #expect(told.states.last == .live)
    }

    @Test func aRecoveryThatNoCanaryCanProveGoesOn() throws {
        sensor.recoveries[.taskstats] = Recovery(
            since: 1, nextAttempt: .max, awaitsCanary: true, leavesGap: false)
        var stopped: [Int32] = []
        for _ in 0..<Canaries.mostHung {
            stopped.append(try hang())
            #expect(sensor.recoveries[.taskstats] != nil)
            sensor.tendCanaries(now: Clock.monotonic + Canaries.patience)
        }
        sensor.tendCanaries(now: Clock.monotonic)
        #expect(sensor.canaries.pid == 0)
        #expect(sensor.recoveries[.taskstats] == nil)
        for pid in stopped { kill(pid, SIGCONT) }
        while !sensor.canaries.hung.isEmpty {
            sensor.tendCanaries(now: Clock.monotonic)
            usleep(1_000)
        }
    }
}
