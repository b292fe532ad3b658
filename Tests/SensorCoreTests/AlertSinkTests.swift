import EventModel
import Foundation
import Testing

@testable import SensorCore

@Suite struct AlertSinkTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private func makeSink(limit: Int, flush: @escaping @Sendable (Int32) -> Int32) throws -> AlertSink {
        var options = AlertFileOptions()
        options.limit = limit
        options.flush = flush
        return try AlertSink(path: directory.log, options: options)
    }

    private func event(_ number: Int) -> SensorEvent {
        .coverage(
            CoverageEntry(
                source: "audit", state: .live, detail: "\(number)" + String(repeating: "x", count: 4_096)),
            previous: nil, time: 1)
    }

    @Test func waitsForADiskThatIsSlow() throws {
        let sink = try makeSink(limit: 262_144) { descriptor in
            usleep(20_000)
            return fdatasync(descriptor)
        }
        for number in 1...500 { sink.take(event(number)) }
        #expect(sink.lost == 0)
        let isComplete = sink.finish()
        #expect(isComplete)
        #expect(directory.all.split(separator: "\n").count == 500)
    }

    @Test func waitsOnceForADiskThatTakesNothing() throws {
        let isStuck = Flag()
        isStuck.value = true
        defer { isStuck.value = false }
        let sink = try makeSink(limit: 262_144) { descriptor in
            while isStuck.value { usleep(1_000) }
            return fdatasync(descriptor)
        }
        let begin = Date()
        for number in 1...500 { sink.take(event(number)) }
        #expect((1..<5).contains(Date().timeIntervalSince(begin)))
        #expect(sink.lost > 0)
        // The thread that writes must not signal a descriptor that has become another file's.
        isStuck.value = false
        let isComplete = sink.finish()
        #expect(isComplete)
    }
}
