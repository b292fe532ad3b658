import Testing

@testable import SensorCore

@Suite struct PriorRunTests {
    @Test(arguments: [
        (String?.none, UInt64?.none), ("", nil), ("x", nil),
        ("1795784250221808478", 1_795_784_250_221_808_478),
    ])
    func knowsUntilWhenTheProgramBeforeHeard(text: String?, heardUntil: UInt64?) {
        #expect(PriorRun(text, now: 0).heardUntil == heardUntil)
    }

    @Test func restartsThatNobodyAskedForAreTenMinutesApart() {
        let first = PriorRun(nil, now: 5)
        #expect(first.allowsRestart(now: 6))
        let second = PriorRun("1", now: 5)
        #expect(!second.allowsRestart(now: 4 + PriorRun.interval))
        #expect(second.allowsRestart(now: 5 + PriorRun.interval))
    }
}
