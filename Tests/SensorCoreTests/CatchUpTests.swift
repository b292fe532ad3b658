import Testing

@testable import SensorCore

@Suite("catching up with a queue")
struct CatchUpTests {
    /// What is answered to each of `looks`, one after the other.
    private func answers(_ looks: [(waiting: UInt64, read: UInt64)]) -> [Bool] {
        var catchUp = CatchUp()
        return looks.map { catchUp.note(waiting: $0.waiting, read: $0.read) }
    }

    @Test("a queue that is never empty is caught up with")
    func neverEmpty() {
        #expect(answers((1...100).map { (500, $0 * 10_000) }).allSatisfy { $0 })
    }

    @Test("what waited must have been read, unless nothing waits any more")
    func waitsForWhatWaited() {
        let answers = answers([(1_000, 0), (700, 300), (5_000, 999), (4_999, 1_000), (1, 5_998), (0, 5_998)])
        #expect(answers == [true, false, false, true, false, true])
    }

    @Test("a reader that stands still is not caught up")
    func standsStill() {
        #expect(answers([(1, 7), (100, 7), (100, 7)]) == [true, false, false])
    }
}
