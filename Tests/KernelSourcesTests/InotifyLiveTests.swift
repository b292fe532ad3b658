import CProc
import EventModel
import EventRing
import Foundation
import KernelSources
import Testing

/// A running inotify source, and what it has delivered.
final class LiveInotify {
    let ring: EventRing
    var consumer: RingConsumer
    let source: InotifySource
    var changes: [FileEvent] = []
    var batches: [[UInt8]] = []

    init(watching path: String) throws {
        let ring = try #require(EventRing(capacity: 1 << 20, wakeDescriptor: open("/dev/null", O_WRONLY)))
        consumer = ring.makeConsumer()
        source = try InotifySource(ring: ring)
        self.ring = ring
        try source.watch(ByteString(path))
        try source.start()
    }

    /// Takes what comes until `done`, or five seconds have passed.
    func collect(until done: ([FileEvent]) -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(5)
        while Date() < deadline {
            var found: [FileEvent] = []
            let take: (InotifyOutput) -> Void = { if case .change(let event) = $0 { found.append(event) } }
            _ = consumer.drain { header, payload in
                guard header.kind == UInt16(CRECORD_INOTIFY.rawValue) else { return }
                batches.append(payload.withUnsafeBytes { [UInt8]($0) })
                source.translate(record: payload, readAt: header.time, take)
            }
            source.flushMoves(before: monotonicNanoseconds(), take)
            changes += found
            if done(changes) { return true }
            usleep(1_000)
        }
        return false
    }
}

/// CLOCK_MONOTONIC, nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

@Suite("inotify on the live kernel")
struct InotifyLiveTests {
    @Test("sees files in new and renamed directories, and pairs renames")
    func followsDirectories() throws {
        let scratch = Scratch()
        let live = try LiveInotify(watching: scratch.path)
        shell("cd \(scratch.path); mkdir -p a/b; echo > a/b/f")
        let made = live.collect { $0.contains { $0.path == scratch.bytes("a/b/f") } }
        #expect(made)
        shell("cd \(scratch.path); mv a/b/f a/g; mv a z; mkdir q; mv q r")
        let renamed = live.collect { $0.contains { $0.newPath == scratch.bytes("r") } }
        #expect(renamed)
        let moved = live.changes.first { $0.path == scratch.bytes("a/b/f") && $0.operations == .renamed }
        #expect(moved?.newPath == scratch.bytes("a/g"))
        shell("cd \(scratch.path); echo > z/b/h; chmod 600 z/b/h; rm -r z; echo > r/s; echo > end")
        let end = live.collect { $0.contains { $0.path == scratch.bytes("end") } }
        #expect(end)
        let seen = live.changes
        for name in ["a", "a/b"] {
            #expect(seen.contains { $0.path == scratch.bytes(name) && $0.operations == .created })
        }
        #expect(seen.contains { $0.path == scratch.bytes("z/b/h") && $0.operations == .created })
        #expect(seen.contains { $0.path == scratch.bytes("z/b/h") && $0.operations == .attributes })
        #expect(seen.contains { $0.path == scratch.bytes("z/b/h") && $0.operations == .deleted })
        #expect(seen.contains { $0.path == scratch.bytes("z") && $0.operations == .deleted })
        #expect(seen.contains { $0.path == scratch.bytes("r/s") && $0.operations == .created })
        #expect(live.source.watched == 2)
    }

    @Test("a directory that moves out is no longer watched, one that moves in is")
    func followsTheBorder() throws {
        let scratch = Scratch()
        shell("cd \(scratch.path); mkdir -p in/d/e out/n/m; echo > out/n/m/f")
        let live = try LiveInotify(watching: scratch("in"))
        #expect(live.source.watched == 3)
        shell("cd \(scratch.path); mv in/d out/d")
        let left = live.collect { $0.contains { $0.operations == .movedFrom } }
        #expect(left && live.source.watched == 1)
        shell("cd \(scratch.path); echo > out/d/x; mv out/n in/n; echo > in/n/m/g; echo > in/end")
        let end = live.collect { $0.contains { $0.path == scratch.bytes("in/end") } }
        #expect(end && live.source.watched == 3)
        let paths = live.changes.map(\.path)
        #expect(paths.contains(scratch.bytes("in/n/m/f")))
        #expect(paths.contains(scratch.bytes("in/n/m/g")))
        #expect(!paths.contains { $0.lastComponent == "x" })
    }

    @Test("for a watched file only the file is reported")
    func watchesAFile() throws {
        let scratch = Scratch()
        let live = try LiveInotify(watching: scratch("f"))
        shell("cd \(scratch.path); echo > e; echo > f; mv f g; mv e f")
        let done = live.collect { $0.contains { $0.operations == .movedTo } }
        #expect(done)
        #expect(live.changes.allSatisfy { $0.path == scratch.bytes("f") })
        #expect(live.changes.contains { $0.operations == .movedFrom })
    }
}
