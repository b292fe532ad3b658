import EventModel
import Testing

@testable import SensorCore

@Suite struct DigestPaceTests {
    private let second: UInt64 = 1_000_000_000
    private let large: UInt64 = 1 << 30

    @Test func smallFilesAreReadEachTime() {
        var pace = DigestPace()
        for moment in 0..<10 { #expect(pace.mayRead("/log", size: 1 << 20, now: UInt64(moment))) }
    }

    @Test func aLargeFileIsReadOnceInItsPause() {
        var pace = DigestPace()
        #expect(pace.mayRead("/log", size: large, now: second))
        #expect(!pace.mayRead("/log", size: large, now: 2 * second))
        #expect(pace.popDue(now: 60 * second) == nil)
        #expect(pace.popDue(now: 65 * second) == "/log")
        #expect(pace.popDue(now: 65 * second) == nil)
        // That counts as a reading.
        #expect(!pace.mayRead("/log", size: large, now: 70 * second))
        #expect(pace.mayRead("/other", size: large, now: 70 * second))
    }

    @Test func beyondTheLimitFilesAreRead() {
        var pace = DigestPace()
        for number in 0..<2_000 {
            #expect(pace.mayRead(ByteString("/\(number)"), size: large, now: second))
        }
        #expect((0..<2_000).count { !pace.mayRead(ByteString("/\($0)"), size: large, now: 2 * second) } <= 256)
    }
}
