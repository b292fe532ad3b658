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

    /// Burns processor time, and asks as a scan does; processor time and time that went by, nanoseconds.
    private func burn(_ budget: ScanBudget, helperTime: () -> UInt64) -> (used: UInt64, passed: UInt64) {
        let (began, processor) = (Clock.monotonic, ScanBudget.processorTime)
        while ScanBudget.processorTime &- processor < 100_000_000 { while budget.mustWait(files: 0) {} }
        return (ScanBudget.processorTime &- processor &+ helperTime(), Clock.monotonic &- began)
    }

    @Test(arguments: [25, 50]) func keepsToItsShare(_ share: UInt64) {
        let budget = ScanBudget()
        budget.use(rate: nil, share: share)
        let (used, passed) = burn(budget) { 0 }
        // A burst of 100 ms is free.
        #expect(passed &+ 110_000_000 >= used * 100 / share)
    }

    @Test func whatHelpersUseIsPartOfIt() {
        let budget = ScanBudget()
        var helped: UInt64 = 0
        let began = Clock.monotonic
        budget.use(rate: nil, share: 200) { helped }
        helped = 1_000_000_000
        while budget.mustWait(files: 0) {}
        #expect(Clock.monotonic &- began >= 390_000_000)
        helped += 1_000_000_000
        _ = budget.leavingOut { true }
        while budget.mustWait(files: 0) {}
        #expect(Clock.monotonic &- began >= 890_000_000)
    }

    @Test func helpersComeWithMoreThanOneProcessorsWorth() {
        #expect(
            [1, 50, 100, 101, 200, 201, 10_000].map { ScanBudget.helpers(share: $0) } == [
                0, 0, 0, 1, 1, 2, 15,
            ])
    }
}
