import EventModel
import Testing

@testable import SensorCore

@Suite struct DigestPaceTests {
    private let second: UInt64 = 1_000_000_000

    @Test func aFileIsReadOnceInItsPause() {
        var pace = DigestPace()
        #expect(putOff("/log", at: 1, in: &pace))
        #expect(due(at: 1, in: &pace) == "/log")
        pace.note("/log", took: second, isDone: true, now: 2 * second)
        #expect(putOff("/log", at: 3, in: &pace))
        #expect(due(at: 61, in: &pace) == nil)
        #expect(due(at: 62, in: &pace) == "/log")
        #expect(due(at: 62, in: &pace) == nil)
    }

    @Test(arguments: [(UInt64(1), UInt64(60)), (10, 500), (1 << 40, 86_400)])
    func readingCostsAtMostAFiftiethOfTheTime(_ took: UInt64, _ pause: UInt64) {
        var pace = DigestPace()
        pace.note(
            "/log", took: took.multipliedReportingOverflow(by: second).partialValue, isDone: true, now: 0)
        #expect(!pace.mayRead("/log", now: pause * second - 1))
        #expect(pace.mayRead("/log", now: pause * second))
        #expect(pace.mayRead("/other", now: 0))
    }

    @Test func whatChangedWhileItWasReadIsReadAgainAfterItsPause() {
        var pace = DigestPace()
        let digest = SHA256Digest([UInt8](repeating: 1, count: 32))
        let waits = pace.putOff("/log", known: digest, now: 0)
        pace.note("/log", took: second, isDone: false, now: 0)
        pace.note("/other", took: second, isDone: false, now: 0)
        #expect(waits && due(at: 59, in: &pace) == nil)
        #expect(pace.known(of: "/log") == digest)
        #expect(due(at: 60, in: &pace) == "/log")
        #expect(due(at: 60, in: &pace) == nil)
    }

    @Test func noMoreThanTheLimitWait() {
        var pace = DigestPace()
        var waiting = 0
        for number in 0..<2_000 where putOff("/\(number)", at: 0, in: &pace) { waiting += 1 }
        #expect(waiting == 1_024)
        #expect(putOff("/0", at: 0, in: &pace))
    }

    private func putOff(_ path: String, at time: UInt64, in pace: inout DigestPace) -> Bool {
        pace.putOff(ByteString(path), known: nil, now: time * second)
    }

    private func due(at time: UInt64, in pace: inout DigestPace) -> ByteString? {
        pace.popDue(now: time * second)?.path
    }
}
