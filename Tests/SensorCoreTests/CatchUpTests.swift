import Testing

@testable import SensorCore

@Suite("catching up with a queue")
struct CatchUpTests {
    @Test("a queue that is never empty is caught up with")
    func neverEmpty() {
        var catchUp = CatchUp()
        var read: UInt64 = 0
        for _ in 0..<100 {
            read += 10_000
            #expect(catchUp.note(waiting: 500, read: read))
        }
    }

    @Test("what waited must have been read, unless nothing waits any more")
    func waitsForWhatWaited() {
        var catchUp = CatchUp()
        #expect(catchUp.note(waiting: 1_000, read: 0))
        #expect(!catchUp.note(waiting: 700, read: 300))
        #expect(!catchUp.note(waiting: 5_000, read: 999))
        #expect(catchUp.note(waiting: 4_999, read: 1_000))
        #expect(!catchUp.note(waiting: 1, read: 5_998))
        #expect(catchUp.note(waiting: 0, read: 5_998))
    }

    @Test("a reader that stands still is not caught up")
    func standsStill() {
        var catchUp = CatchUp()
        #expect(catchUp.note(waiting: 1, read: 7))
        for _ in 0..<10 { #expect(!catchUp.note(waiting: 100, read: 7)) }
    }
}
