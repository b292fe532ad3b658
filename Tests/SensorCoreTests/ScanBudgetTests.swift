import Foundation
import Testing

@testable import SensorCore

@Suite struct ScanBudgetTests {
    @Test func waitingForAProcessorIsPaidLikeUsingIt() {
        var waited: UInt64 = 0
        let budget = ScanBudget(waited: { waited })
        budget.use(rate: nil)
        #expect(!budget.mustWait(files: 0))
        // What was waited for the sake of others is theirs.
        _ = budget.leavingOut {
            waited += 1_000_000_000
            return true
        }
        #expect(!budget.mustWait(files: 0))
        waited += 1_000_000_000
        #expect(budget.mustWait(files: 0))
    }

    @Test func whatAScanUsedInTheEndIsPaidByTheNext() {
        var waited: UInt64 = 0
        let budget = ScanBudget(waited: { waited })
        budget.use(rate: nil)
        waited += 1_000_000_000
        budget.finish()
        budget.use(rate: nil)
        #expect(budget.mustWait(files: 0))
    }

    @Test(arguments: [("12 345 6\n", UInt64(345)), ("", 0), ("12\n", 0), ("12 x 6", 0)])
    func readsTheDelay(_ line: String, _ delay: UInt64) {
        #expect(Array(line.utf8).withUnsafeBytes { ProcessorDelay.second(in: $0) } == delay)
    }

    @Test func theDelayIsThatOfTheThread() {
        guard FileManager.default.fileExists(atPath: "/proc/thread-self/schedstat") else {
            return print("SKIPPED: no /proc/thread-self/schedstat")
        }
        let delay = ProcessorDelay()
        let first = delay.nanoseconds
        for _ in 0..<200 { usleep(100) }
        // Each time it wakes up it waits for a moment.
        #expect(delay.nanoseconds > first)
    }
}
