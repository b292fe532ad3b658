import CProc
import EventModel
import EventRing
import Foundation
import KernelDecoding
import KernelSources
import Testing

/// A running fanotify source on one directory, and what it has delivered.
final class LiveFanotify {
    let ring: EventRing
    var consumer: RingConsumer
    let source: FanotifySource
    var translator: FanotifyTranslator
    var changes: [FileEvent] = []
    var executions: [ExecutableOpen] = []
    var snapshots: [(header: RingRecordHeader, bytes: [UInt8])] = []
    var batches: [[UInt8]] = []
    var overflows = 0
    /// Filesystems on which a canary was heard.
    var canaries: [UInt64] = []

    init(
        watching path: String, limit: FanotifyLevel = .target, ringCapacity: Int = 1 << 20,
        backlogLimit: UInt32 = FanotifySource.backlogLimit
    ) throws {
        let ring = try #require(
            EventRing(capacity: ringCapacity, wakeDescriptor: open("/dev/null", O_WRONLY)))
        consumer = ring.makeConsumer()
        source = try FanotifySource(ring: ring, limit: limit, backlogLimit: backlogLimit)
        self.ring = ring
        let watches = [ByteString(path)]
        source.watch(watches)
        var resolver = DirectoryResolver(limit: 4_096)
        resolver.configure(watches: watches, mounts: source.marked)
        resolver.seedWatches()
        translator = FanotifyTranslator(resolver: resolver, level: source.level)
        try source.start()
    }

    /// Takes what comes until `done`, or five seconds have passed.
    func collect(until done: ([FileEvent]) -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(5)
        while Date() < deadline {
            drain()
            if done(changes) { return true }
            usleep(1_000)
        }
        return false
    }

    func drain() {
        var (changes, executions, overflows) = (self.changes, self.executions, self.overflows)
        var (batches, snapshots, canaries) = (self.batches, self.snapshots, self.canaries)
        _ = consumer.drain { header, payload in
            let bytes = payload.withUnsafeBytes { [UInt8]($0) }
            if header.kind == UInt16(CRECORD_SNAPSHOT.rawValue) { snapshots.append((header, bytes)) }
            guard header.kind == UInt16(CRECORD_FANOTIFY.rawValue) else { return }
            batches.append(bytes)
            translator.translate(record: payload, readAt: header.time) { output in
                switch output {
                case .change(let event): changes.append(event)
                case .execution(let open): executions.append(open)
                case .overflow: overflows += 1
                case .canary(let filesystem): canaries.append(filesystem)
                case .undecodable: break
                }
            }
        }
        (self.changes, self.executions, self.overflows) = (changes, executions, overflows)
        (self.batches, self.snapshots, self.canaries) = (batches, snapshots, canaries)
    }
}

@Suite("fanotify on the live kernel", .enabled(if: hasSystemAdmin()))
struct FanotifyLiveTests {
    @Test("sees create, modify, rename and delete, with paths and the pid")
    func seesTheLifeOfAFile() throws {
        let scratch = Scratch()
        let live = try LiveFanotify(watching: scratch.path)
        let pid = shell(
            """
            echo a > \(scratch("one")); chmod 600 \(scratch("one")); mkdir \(scratch("d"))
            exec mv \(scratch("one")) \(scratch("d/two"))
            """)
        shell("rm -r \(scratch("d"))")
        let gone = scratch.bytes("d")
        let complete = live.collect { $0.contains { $0.operations.contains(.deleted) && $0.path == gone } }
        #expect(complete)
        let seen = live.changes
        let one = scratch.bytes("one")
        let two = scratch.bytes("d/two")
        #expect(seen.contains { $0.path == one && $0.operations.contains(.created) && $0.pid == pid })
        #expect(seen.contains { $0.path == one && $0.operations.contains(.modified) })
        #expect(seen.contains { $0.path == one && $0.operations.contains(.closedAfterWrite) })
        #expect(seen.contains { $0.path == one && $0.operations.contains(.attributes) && $0.pid != pid })
        let renames = seen.filter { $0.operations == .renamed }
        #expect(renames.map(\.path) == [one] && renames.map(\.newPath) == [two])
        #expect(renames.first?.pid == pid)
        #expect(seen.contains { $0.path == two && $0.operations.contains(.deleted) })
        #expect(seen.contains { $0.path == gone && $0.isDirectory && $0.operations.contains(.created) })
        let inode = seen.first { $0.path == two }?.object?.inode
        #expect(inode != nil && inode == renames.first?.object?.inode)
        #expect(seen.allSatisfy { $0.readAt >= $0.notBefore && $0.notBefore > 0 })
        let programs = live.executions.filter { $0.pid == pid }.map(\.name)
        #expect(programs.contains("mv"))
        #expect(live.snapshots.isEmpty == false)
    }

    @Test("leaves out what our own process does")
    func leavesOutOurselves() throws {
        let scratch = Scratch()
        let live = try LiveFanotify(watching: scratch.path)
        #expect(FileManager.default.createFile(atPath: scratch("mine"), contents: Data([1])))
        shell("echo > \(scratch("theirs"))")
        let theirs = scratch.bytes("theirs")
        let complete = live.collect { $0.contains { $0.path == theirs } }
        #expect(complete)
        let mine = scratch.bytes("mine")
        let paths = live.changes.map(\.path)
        #expect(!paths.contains(mine))
        let own = live.source.counts.own
        #expect(own > 0)
    }

    @Test("paths of a tree that is made and removed at once resolve, and follow a renamed grandparent")
    func deletedParentsResolve() throws {
        let scratch = Scratch()
        let live = try LiveFanotify(watching: scratch.path)
        shell(
            """
            cd \(scratch.path); mkdir -p a/b/c; echo > a/b/c/f; mv a z; echo > z/b/c/g; rm -r z
            """)
        let last = scratch.bytes("z")
        let complete = live.collect { $0.contains { $0.operations.contains(.deleted) && $0.path == last } }
        #expect(complete)
        let made = live.changes.filter { $0.operations.contains(.created) }.map(\.path)
        let deleted = live.changes.filter { $0.operations.contains(.deleted) }.map(\.path)
        for name in ["a", "a/b", "a/b/c", "a/b/c/f", "z/b/c/g"] {
            #expect(made.contains(scratch.bytes(name)))
        }
        for name in ["z/b/c/f", "z/b/c/g", "z/b/c", "z/b", "z"] {
            #expect(deleted.contains(scratch.bytes(name)))
        }
    }

    @Test("older kernels' events still give paths", arguments: [FanotifyLevel.name, .process])
    func olderKernels(limit: FanotifyLevel) throws {
        let scratch = Scratch()
        let live = try LiveFanotify(watching: scratch.path, limit: limit)
        #expect(live.source.level == limit)
        shell("cd \(scratch.path); mkdir -p a/b; echo > a/b/f")
        let made = live.collect { $0.contains { $0.path == scratch.bytes("a/b/f") } }
        #expect(made)
        shell("cd \(scratch.path); mv a z")
        let moved = live.collect { $0.contains { $0.operations == .movedTo } }
        #expect(moved)
        shell("cd \(scratch.path); echo > z/b/g; echo > end")
        let complete = live.collect { $0.contains { $0.path == scratch.bytes("end") } }
        #expect(complete)
        let seen = live.changes
        #expect(seen.contains { $0.path == scratch.bytes("a/b/f") && $0.operations.contains(.created) })
        #expect(seen.contains { $0.path == scratch.bytes("a") && $0.operations == .movedFrom })
        #expect(seen.contains { $0.path == scratch.bytes("z") && $0.operations == .movedTo })
        #expect(seen.contains { $0.path == scratch.bytes("z/b/g") && $0.operations.contains(.created) })
        #expect(seen.allSatisfy { $0.wasAlive == false || limit >= .process })
    }

    @Test("a kernel without names still says what changed")
    func oldestKernel() throws {
        let scratch = Scratch()
        let live = try LiveFanotify(watching: scratch.path, limit: .object)
        shell("cd \(scratch.path); echo > f")
        let file = scratch.bytes("f")
        let complete = live.collect { seen in
            seen.contains { $0.path == file && $0.operations.contains(.closedAfterWrite) }
        }
        #expect(complete)
        let top = ByteString(scratch.path)
        #expect(live.changes.contains { $0.path == top && $0.isDirectory && $0.operations == .modified })
    }

    @Test("a canary is told as that, with its filesystem, and not as a change")
    func hearsCanaries() throws {
        let (scratch, own) = (Scratch(), Scratch("own"))
        let live = try LiveFanotify(watching: scratch.path)
        let filesystem = try #require(live.source.watchCanaries(in: ByteString(own.path)))
        #expect(live.source.canaryPlaces.map(\.directory) == [ByteString(scratch.path)])
        #expect(live.source.canaryPlaces.map(\.filesystem) == [filesystem])
        let program = { (directory: String) in
            "import os; os.close(os.open('\(directory)', os.O_TMPFILE | os.O_WRONLY, 0))"
        }
        let maker = shell("exec python3 -c \"\(program(scratch.path)); \(program(own.path))\"")
        live.translator.canaryPids = [maker]
        shell("echo > \(scratch("after"))")
        let complete = live.collect { $0.contains { $0.path == scratch.bytes("after") } }
        #expect(complete)
        #expect(live.canaries.contains(filesystem))
        #expect(live.changes.allSatisfy { $0.path == scratch.bytes("after") })
    }

    @Test("a filesystem under a watch that is unmounted is absent until it is back")
    func absentMounts() throws {
        let scratch = Scratch()
        mkdir(scratch("m"), 0o755)
        shell("mount -t tmpfs none \(scratch("m"))")
        let live = try LiveFanotify(watching: scratch("m"))
        #expect(live.source.absent.isEmpty)
        shell("umount \(scratch("m"))")
        live.source.refreshMounts()
        #expect(live.source.absent == [scratch.bytes("m")])
        #expect(live.source.marked.contains { $0.reportsChanges })
        shell("mount -t tmpfs none \(scratch("m"))")
        defer { shell("umount \(scratch("m"))") }
        live.source.refreshMounts()
        #expect(live.source.absent.isEmpty)
        #expect(live.source.marked.filter(\.reportsChanges).map(\.mount.mountPoint) == [scratch.bytes("m")])
    }

    @Test("filesystems mounted later are picked up; overlays are refused by name")
    func laterMounts() throws {
        let scratch = Scratch()
        mkdir(scratch("m"), 0o755)
        let live = try LiveFanotify(watching: scratch.path)
        shell(
            "cd \(scratch.path); mount -t tmpfs none m; mkdir l m/u m/w o; "
                + "mount -t overlay -o lowerdir=l,upperdir=m/u,workdir=m/w overlay o")
        defer { shell("cd \(scratch.path); umount o; umount m") }
        var mounts = pollfd(fd: live.source.mountsDescriptor, events: Int16(POLLPRI), revents: 0)
        #expect(poll(&mounts, 1, 1_000) == 1)
        live.source.refreshMounts()
        live.translator.resolver.configure(
            watches: [ByteString(scratch.path)], mounts: live.source.marked)
        shell("echo > \(scratch("m/f"))")
        let complete = live.collect { $0.contains { $0.path == scratch.bytes("m/f") } }
        #expect(complete)
        let refused = live.source.refused.filter { $0.path == scratch.bytes("o") }
        #expect(refused.map(\.type) == ["overlay"] && refused.first?.isWatch == false)
    }

    @Test("a rename in or out of the watch becomes half a rename")
    func renamesAcrossTheBorder() throws {
        let scratch = Scratch()
        mkdir(scratch("in"), 0o755)
        mkdir(scratch("out"), 0o755)
        shell("mkdir -p \(scratch("out/t/u")); echo > \(scratch("out/t/u/f"))")
        let live = try LiveFanotify(watching: scratch("in"))
        shell(
            "cd \(scratch.path); echo > in/a; mv in/a out/a; mv out/a in/b; "
                + "mv out/t in/t; rm -r in/t; echo > in/end")
        let end = scratch.bytes("in/end")
        let complete = live.collect { $0.contains { $0.path == end } }
        #expect(complete)
        let from = live.changes.filter { $0.operations == .movedFrom }.map(\.path)
        let to = live.changes.filter { $0.operations == .movedTo }.map(\.path)
        #expect(from == [scratch.bytes("in/a")])
        #expect(to == [scratch.bytes("in/b"), scratch.bytes("in/t")])
        let paths = live.changes.map(\.path)
        let inside = ByteString(scratch("in"))
        #expect(paths.allSatisfy { $0.isWithin(inside) })
    }

    @Test("what waits beyond the bound is thrown away, counted and told as an overflow")
    func boundsTheQueueInTheKernel() throws {
        let scratch = Scratch()
        let live = try LiveFanotify(watching: scratch.path, ringCapacity: 1 << 16, backlogLimit: 500)
        // Nobody drains: the ring is full soon, and the rest waits in the kernel.
        shell("cd \(scratch.path); for i in $(seq 3000); do : > $i; done")
        let deadline = Date().addingTimeInterval(10)
        while live.source.counts.discarded == 0, Date() < deadline { usleep(10_000) }
        #expect(live.source.counts.discarded > 500)
        shell("touch \(scratch("after"))")
        let isBack = live.collect { $0.contains { $0.path == scratch.bytes("after") } }
        #expect(isBack && live.overflows == 1)
    }
}
