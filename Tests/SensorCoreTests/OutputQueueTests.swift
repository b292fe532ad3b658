import Foundation
import Testing

@testable import SensorCore

/// Gives `body` a queue that writes to a pipe, and closes the pipe once the queue's thread has ended: a number that
/// was closed before is somebody else's pipe by then.
private func withQueue(limit: Int, _ body: (OutputQueue, TestPipe) throws -> Void) throws {
    let pipe = TestPipe()
    let queue = try #require(OutputQueue(descriptor: pipe.writer, limit: limit))
    defer {
        pipe.closeReader()
        _ = queue.finish(patience: 5_000)
        withExtendedLifetime(pipe) {}
    }
    try body(queue, pipe)
}

@Suite struct OutputQueueTests {
    @Test func everythingArrivesInOrder() throws {
        try withQueue(limit: 1 << 20) { queue, pipe in
            var sent: [UInt8] = []
            for number in 0..<1_000 {
                let line = Array("line \(number)\n".utf8)
                sent += line
                let isTaken = queue.offer(line)
                #expect(isTaken)
            }
            let received = pipe.read(sent.count)
            #expect(received == sent)
            let isComplete = queue.finish(patience: 5_000)
            #expect(isComplete)
        }
    }

    @Test func aReaderThatTakesNothingHoldsNobodyUp() throws {
        try withQueue(limit: 100_000) { queue, pipe in
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
            var taken = 0
            let begin = Date()
            while queue.offer(line) { taken += 1 }
            #expect(Date().timeIntervalSince(begin) < 2)
            // The limit, what the thread took over, and what the pipe holds.
            #expect((10...40).contains(taken))
            let isComplete = queue.finish(patience: 100)
            #expect(!isComplete)
            // What was taken is not lost: it arrives once somebody reads.
            let received = pipe.read(taken * line.count)
            #expect(received.count == taken * line.count)
        }
    }

    @Test func refusesUntilHalfOfTheRoomIsFree() throws {
        try withQueue(limit: 200_000) { queue, pipe in
            // More than the pipe holds: with the first bytes in it the thread writes, and takes nothing further over.
            let first = queue.offer([UInt8](repeating: UInt8(ascii: "x"), count: 150_000))
            #expect(first)
            let isWriting = eventually { pipe.pending > 0 }
            #expect(isWriting)
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
            while queue.offer(line) {}
            let isTaken = queue.offer([1])
            #expect(!isTaken)
            _ = pipe.read(300_000)
            let isTakenLater = eventually { queue.offer([1]) }
            #expect(isTakenLater)
        }
    }

    @Test func tellsThatTheReaderHasGone() throws {
        try withQueue(limit: 1_000) { queue, pipe in
            pipe.closeReader()
            _ = queue.offer([1])
            let isTold = eventually { queue.failure == EPIPE }
            #expect(isTold)
            let isTaken = queue.offer([1])
            #expect(!isTaken)
        }
    }

    @Test func aFullDiskIsWaitedOut() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let queue = try #require(OutputQueue(descriptor: full, limit: 1_000))
        let isTaken = queue.offer([1])
        #expect(isTaken)
        let isTold = eventually { queue.trouble == ENOSPC }
        #expect(isTold)
        #expect(queue.failure == nil)
        let isComplete = queue.finish(patience: 2_000)
        #expect(!isComplete)
    }
}
