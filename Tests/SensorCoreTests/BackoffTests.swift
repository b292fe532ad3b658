import Testing

@testable import SensorCore

@Suite struct BackoffTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func waitsNotAtAllThenTwiceAsLongEachTimeUpToAMinute() {
        var backoff = Backoff()
        var now = 1_000 * Self.second
        var delays: [UInt64] = []
        for _ in 0..<10 {
            let delay = backoff.delay(at: now)
            delays.append(delay / Self.second)
            now += delay
        }
        #expect(delays == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
    }

    @Test func onesThatDoNotTryAtOnceWaitFromTheFirstTimeOn() {
        var backoff = Backoff(from: 10 * Self.second, to: 600 * Self.second)
        var now = 1_000 * Self.second
        var delays: [UInt64] = []
        for _ in 0..<8 {
            let delay = backoff.delay(at: now)
            delays.append(delay / Self.second)
            now += delay
        }
        #expect(delays == [10, 20, 40, 80, 160, 320, 600, 600])
        // Asked before its time has come: no quiet time.
        #expect(backoff.delay(at: now - 500 * Self.second) / Self.second == 600)
    }

    @Test(arguments: [(quiet: UInt64(119), delay: UInt64(1)), (121, 0)])
    func startsAnewAfterTwoQuietMinutes(quiet: UInt64, delay: UInt64) {
        var backoff = Backoff()
        let now = 1_000 * Self.second
        #expect(backoff.delay(at: now) == 0)
        #expect(backoff.delay(at: now + quiet * Self.second) == delay * Self.second)
    }
}
