import Baseline
import EventModel
import Foundation
import ProcessTable
import Testing

@testable import FileIntegrity

/// Files that come and go at random, whose events are read, coalesced and compared late: whatever overtakes what, in
/// the end the baseline holds what is there.
@Suite struct OrderOfChangesTests {
    @Test(arguments: 0..<100) func theBaselineIsTrueAfterRandomChanges(seed: UInt64) throws {
        let path = NSTemporaryDirectory() + "vedette-order-\(UUID().uuidString)"
        defer { for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) } }
        let world = World(seed: seed)
        let play = LatePlay(world, try Baseline(path: path))
        for _ in 0..<1_500 {
            world.change()
            try play.proceed()
        }
        try play.finish()
        #expect(try play.differences() == [])
        // They are looked at again when all events have come in.
        #expect(play.suspects.count <= 1)
    }
}

/// Two directories with a few names each, two processes, and what they did.
private final class World: FileInspector, PathReading {
    /// Nanoseconds, of both clocks.
    private(set) var now: UInt64 = 1_000_000_000
    private(set) var files: [ByteString: FileObjectID] = [:]
    /// By inode: how often it was written, and when.
    private var contents: [UInt64: (size: UInt64, written: UInt64)] = [:]
    private var free: [FileObjectID] = []
    private(set) var events: [FileEvent] = []
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2 &+ 1 }

    func random(below limit: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
    }

    func pass(_ time: UInt64) { now += time }
    func takeEvents() -> [FileEvent] {
        defer { events = [] }
        return events
    }

    /// One of them does something.
    func change() {
        pass(random(below: random(below: 8) == 0 ? 200_000_000 : 20_000_000))
        // As programs do, each in files of its own.
        let pid = Int32(100 + random(below: 2))
        let (one, other) = (name(pid), name(pid))
        switch random(below: 10) {
        case 0, 1, 2, 3: write(one, pid)
        case 4, 5, 6: remove(one, pid)
        default: move(one, to: other, pid)
        }
    }

    private func name(_ pid: Int32) -> ByteString {
        ByteString("/\(pid)-\(random(below: 2))/f\(random(below: 4))")
    }

    private func write(_ path: ByteString, _ pid: Int32) {
        if files[path] == nil {
            var object =
                free.popLast() ?? FileObjectID(filesystem: 1, inode: UInt64(files.count + 10), generation: 0)
            while files.values.contains(where: { $0.inode == object.inode }) { object.inode += 1 }
            object.generation += 1
            files[path] = object
            contents[object.inode] = (0, now)
            tell(.created, path, object, pid)
        }
        guard let object = files[path] else { return }
        contents[object.inode] = ((contents[object.inode]?.size ?? 0) + 1, now)
        tell([.modified, .closedAfterWrite], path, object, pid)
    }

    private func remove(_ path: ByteString, _ pid: Int32) {
        guard let object = files.removeValue(forKey: path) else { return }
        free.append(object)
        tell(.deleted, path, object, pid)
    }

    private func move(_ path: ByteString, to target: ByteString, _ pid: Int32) {
        guard path != target, let object = files.removeValue(forKey: path) else { return }
        let overwritten = files.updateValue(object, forKey: target)
        tell(.renamed, path, object, pid, to: target)
        guard let overwritten else { return }
        free.append(overwritten)
        tell(.overwroteTarget, target, overwritten, pid)
    }

    private func tell(
        _ operations: FileOperations, _ path: ByteString, _ object: FileObjectID, _ pid: Int32,
        to target: ByteString? = nil
    ) {
        now += 1_000
        events.append(
            FileEvent(
                source: .fanotify, operations: operations, path: path, newPath: target, object: object,
                isDirectory: false, pid: pid, readAt: now))
    }

    func state(of path: ByteString) -> FileState? {
        guard let object = files[path], let content = contents[object.inode] else { return nil }
        return DiskPicture.file(inode: object.inode, modified: content.written, size: content.size)
    }
    func lowerState(of path: ByteString) -> FileState? { nil }
    func isOverlayWork(_ path: ByteString) -> Bool { false }
    func overlayAttributes(of path: ByteString) -> VisibleAttributes? { nil }
    func lowerAttributes(of path: ByteString) -> VisibleAttributes? { nil }

    func attributes(of path: ByteString, digestLimit: UInt64) -> FileAttributes? {
        state(of: path).map { state in
            FileAttributes(
                type: .file, device: 1, inode: state.inode, mode: 0o644, owner: 0, group: 0, size: state.size,
                modified: state.modified, changed: state.modified)
        }
    }
}

/// Reads, coalesces and compares what happens in a world, each step a random while after the one before.
private final class LatePlay {
    private let world: World
    private let baseline: Baseline
    private let live: LiveBaseline
    private let table = ProcessTable(bootOffset: 0, realtimeOffset: 0) { _ in .unknown }
    private var coalescer: ChangeCoalescer<World>
    private var unread: [FileEvent] = []
    private var untold: [ChangeDraft] = []
    private(set) var suspects: Set<ByteString> = []

    init(_ world: World, _ baseline: Baseline) {
        (self.world, self.baseline) = (world, baseline)
        coalescer = ChangeCoalescer(
            inspector: world, settleWindow: 250_000_000, realtimeOffset: 0, now: world.now)
        live = LiveBaseline(baseline: baseline, reader: world) { world.now }
    }

    func proceed() throws {
        unread += world.takeEvents()
        while unread.count > world.random(below: 6) { note(unread.removeFirst()) }
        while untold.count > world.random(below: 4) { try tell(untold.removeFirst()) }
    }

    func finish() throws {
        unread += world.takeEvents()
        unread.forEach(note)
        world.pass(1_000_000_000)
        coalescer.settleAll { untold.append($0) }
        for draft in untold { try tell(draft) }
    }

    private func note(_ event: FileEvent) {
        coalescer.settleDue(now: event.readAt) { untold.append($0) }
        let actor = table.bind(event, sequence: 1)
        coalescer.note(event, actor: actor) { untold.append($0) }
    }

    private func tell(_ draft: ChangeDraft) throws {
        guard draft.isQuiet else { return try tell(draft.change) }
        if try live.lookAgain(at: draft.change.path, digestLimit: 0) { suspects.insert(draft.change.path) }
    }

    private func tell(_ change: FileChange) throws {
        var change = change
        for path in [change.path, change.previousPath].compactMap(\.self) { suspects.remove(path) }
        suspects.formUnion(try live.complete(&change, digestLimit: 0, isKept: { _ in true }).suspects)
        for path in try live.takeKnown(from: &change) {
            try tell(
                FileChange(kind: .deleted, path: path, type: .file, time: change.time, source: .fanotify))
        }
    }

    /// What the baseline has and the world has not, and the other way round.
    func differences() throws -> [String] {
        var known: [ByteString: FileAttributes] = [:]
        for pid in [100, 101] {
            for number in 0..<2 {
                let directory = ByteString("/\(pid)-\(number)")
                for (name, record) in try baseline.records(of: directory, after: "", limit: 100) {
                    known[directory.appending(name)] = record.attributes
                }
            }
        }
        let paths = Set(known.keys).union(world.files.keys).subtracting(suspects)
        return paths.sorted().compactMap { path in
            let there = world.attributes(of: path, digestLimit: 0)
            if there == known[path] { return nil }
            return "\(path.text): \(String(describing: known[path])) is \(String(describing: there))"
        }
    }
}
