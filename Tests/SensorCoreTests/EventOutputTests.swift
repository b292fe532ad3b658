import EventModel
import Foundation
import Testing

@testable import SensorCore

/// An output into a pipe that nobody has read from, and that has refused events already.
private func withBlockedOutput(_ body: (EventOutput, TestPipe) throws -> Void) throws {
    let pipe = TestPipe()
    let output = try EventOutput(format: .json, descriptor: pipe.writer, limit: 16_384)
    defer {
        pipe.closeReader()
        _ = output.finish()
        withExtendedLifetime(pipe) {}
    }
    let event = SensorEvent.coverage(
        CoverageEntry(source: "audit", state: .live, detail: String(repeating: "x", count: 4_096)),
        previous: nil, time: 1)
    // The pipe, what the thread has taken over, and what may wait.
    for _ in 0..<200 where output.lost == 0 {
        output.take(event)
        output.flush()
        usleep(1_000)
    }
    #expect(output.lost > 0)
    try body(output, pipe)
}

extension TestPipe {
    /// Reads until no byte comes for a while.
    fileprivate func readAll() -> String {
        var bytes: [UInt8] = []
        while eventually(within: 1, { pending > 0 }) { bytes += read(pending) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite struct EventOutputTests {
    @Test func tellsWhatWasLostWithoutAnotherEvent() throws {
        try withBlockedOutput { output, pipe in
            // While nothing is taken there is nothing to be told, whatever is tried.
            output.flush()
            #expect(!pipe.readAll().contains("output_blocked"))
            output.flush()
            let told = pipe.readAll()
            #expect(told.contains("output_blocked"))
            #expect(told.contains("\"count\":\(output.lost)"))
            output.flush()
            #expect(pipe.readAll().isEmpty)
        }
    }

    @Test func tellsWhatWasLostBeforeItEnds() throws {
        try withBlockedOutput { output, pipe in
            _ = pipe.readAll()
            let isComplete = output.finish()
            #expect(isComplete)
            #expect(pipe.readAll().contains("output_blocked"))
        }
    }
}
