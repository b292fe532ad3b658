import EventModel
import Testing

@testable import SensorCore

/// What an expectation may call.
private final class Pace {
    private var pace = DigestPace()

    func mayRead(_ path: ByteString, size: UInt64, now: UInt64) -> Bool {
        pace.mayRead(path, size: size, now: now)
    }

    func popDue(now: UInt64) -> ByteString? { pace.popDue(now: now) }
}

@Suite struct DigestPaceTests {
    private let second: UInt64 = 1_000_000_000
    private let large: UInt64 = 1 << 30

    @Test func smallFilesAreReadEachTime() {
        let pace = Pace()
        for moment in 0..<10 { #expect(pace.mayRead("/log", size: 1 << 20, now: UInt64(moment))) }
    }

    @Test func aLargeFileIsReadOnceInItsPause() {
        let pace = Pace()
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
        let pace = Pace()
        for number in 0..<2_000 {
            #expect(pace.mayRead(ByteString("/\(number)"), size: large, now: second))
        }
        var waiting = 0
        for number in 0..<2_000 where !pace.mayRead(ByteString("/\(number)"), size: large, now: 2 * second) {
            waiting += 1
        }
        #expect(waiting == 256)
    }
}
