import Testing

@testable import SensorCore

@Suite struct BackoffTests {
    private static let second: UInt64 = 1_000_000_000

    /// Seconds of as many delays, each asked for at the end of the one before; the first at `now`.
    private static func delays(of backoff: inout Backoff, _ count: Int, now: UInt64 = 1_000 * second)
        -> [UInt64]
    {
        var now = now
        return (0..<count).map { _ in
            let delay = backoff.delay(at: now)
            now += delay
            return delay / second
        }
    }

    @Test func waitsNotAtAllThenTwiceAsLongEachTimeUpToAMinute() {
        var backoff = Backoff()
        #expect(Self.delays(of: &backoff, 10) == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
    }

    @Test func onesThatDoNotTryAtOnceWaitFromTheFirstTimeOn() {
        var backoff = Backoff(from: 10 * Self.second, to: 600 * Self.second)
        #expect(Self.delays(of: &backoff, 8) == [10, 20, 40, 80, 160, 320, 600, 600])
        // Asked before its time has come: no quiet time.
        #expect(backoff.delay(at: (1_000 + 1_830 - 500) * Self.second) / Self.second == 600)
    }

    @Test(arguments: [(quiet: UInt64(119), delay: UInt64(1)), (121, 0)])
    func startsAnewAfterTwoQuietMinutes(quiet: UInt64, delay: UInt64) {
        var backoff = Backoff()
        let now = 1_000 * Self.second
        #expect(backoff.delay(at: now) == 0)
        #expect(backoff.delay(at: now + quiet * Self.second) == delay * Self.second)
    }
}
