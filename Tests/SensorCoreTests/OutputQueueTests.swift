import Foundation
import Testing

@testable import SensorCore

/// A pipe whose ends are closed with it, unless a test has closed the reading one.
private final class TestPipe {
    private(set) var reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        (reader, writer) = (ends[0], ends[1])
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        closeReader()
        close(writer)
    }

    func closeReader() {
        if reader >= 0 { close(reader) }
        reader = -1
    }

    /// Bytes that nobody has read yet.
    var pending: Int {
        var count: Int32 = 0
        return ioctl(reader, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Reads exactly `count` bytes.
    func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                Foundation.read(reader, $0.baseAddress?.advanced(by: done), count - done)
            }
            guard got > 0 else { return Array(bytes[..<done]) }
            done += got
        }
        return bytes
    }
}

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

/// Until `condition` holds, five seconds at most; whether it does.
private func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = Date().addingTimeInterval(5)
    while !condition() {
        if Date() > deadline { return false }
        usleep(1_000)
    }
    return true
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
