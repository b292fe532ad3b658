import EventModel
import EventRing
import Foundation
import KernelDecoding
import KernelSources
import Testing

/// A resolver over the marks of the live system, watching `path`.
private func resolver(watching path: String, limit: Int = 4_096) throws -> DirectoryResolver {
    let ring = try #require(EventRing(capacity: 65_536, wakeDescriptor: open("/dev/null", O_WRONLY)))
    let source = try FanotifySource(ring: ring)
    source.watch([ByteString(path)])
    var resolver = DirectoryResolver(limit: limit)
    resolver.configure(watches: [ByteString(path)], mounts: source.marked)
    return resolver
}

@Suite("directory resolver", .enabled(if: hasSystemAdmin()))
struct DirectoryResolverTests {
    @Test("asks the kernel for what it does not know, and remembers it")
    func asksOnce() throws {
        let scratch = Scratch()
        shell("mkdir -p \(scratch("a/b/c"))")
        var resolver = try resolver(watching: scratch("a"))
        let handle = try #require(FileHandle(ofDirectory: scratch.bytes("a/b/c")))
        let path = resolver.path(of: handle)
        #expect(path == scratch.bytes("a/b/c"))
        let misses = resolver.counts.misses
        let again = resolver.path(of: handle)
        #expect(again == path)
        #expect(resolver.counts.misses == misses)
        let inside = resolver.verdict(handle)
        #expect(inside == .inside)
        let above = try #require(FileHandle(ofDirectory: ByteString(scratch.path)))
        let holds = resolver.verdict(above)
        #expect(holds == .holdsWatch)
        let other = try #require(FileHandle(ofDirectory: "/usr"))
        let outside = resolver.verdict(other)
        #expect(outside == .outside)
    }

    @Test("follows a renamed grandparent that it is told of, without asking")
    func followsRename() throws {
        let scratch = Scratch()
        shell("mkdir -p \(scratch("a/b/c"))")
        var resolver = try resolver(watching: scratch.path)
        let top = try #require(FileHandle(ofDirectory: ByteString(scratch.path)))
        let moved = try #require(FileHandle(ofDirectory: scratch.bytes("a")))
        let leaf = try #require(FileHandle(ofDirectory: scratch.bytes("a/b/c")))
        _ = resolver.path(of: leaf)
        let misses = resolver.counts.misses
        shell("mv \(scratch("a")) \(scratch("z"))")
        resolver.noteRenamed(moved, to: top, name: "z")
        let path = resolver.path(of: leaf)
        #expect(path == scratch.bytes("z/b/c"))
        #expect(resolver.counts.misses == misses)
    }

    @Test("what was seeded resolves after rm -r; what was not is unknown, and asked for once only")
    func seededSurviveDeletion() throws {
        let scratch = Scratch()
        shell("mkdir -p \(scratch("in/a/b/c")) \(scratch("out/x"))")
        var resolver = try resolver(watching: scratch("in"))
        resolver.seedWatches()
        let leaf = try #require(FileHandle(ofDirectory: scratch.bytes("in/a/b/c")))
        let stranger = try #require(FileHandle(ofDirectory: scratch.bytes("out/x")))
        shell("rm -r \(scratch("in/a")) \(scratch("out"))")
        let path = resolver.path(of: leaf)
        #expect(path == scratch.bytes("in/a/b/c"))
        let unknown = resolver.verdict(stranger)
        #expect(unknown == .unknown)
        let misses = resolver.counts.misses
        let stillUnknown = resolver.path(of: stranger)
        #expect(stillUnknown == nil && resolver.counts.misses == misses)
    }

    @Test("evicted directories are found again")
    func findsAgainAfterEviction() throws {
        let scratch = Scratch()
        shell("cd \(scratch.path); for i in $(seq 200); do mkdir -p d$i/e; done")
        var resolver = try resolver(watching: scratch.path, limit: 64)
        resolver.seedWatches()
        #expect(resolver.count <= 64)
        for number in 1...200 {
            let handle = try #require(FileHandle(ofDirectory: scratch.bytes("d\(number)/e")))
            let path = resolver.path(of: handle)
            #expect(path == scratch.bytes("d\(number)/e"))
        }
        #expect(resolver.count <= 64 && resolver.evicted > 0)
    }

    @Test("a bind mount inside the watch is preferred, and its other place still works")
    func prefersTheWatchedMount() throws {
        let scratch = Scratch()
        shell("cd \(scratch.path); mkdir -p real/sub bound; mount --bind real bound")
        defer { shell("umount \(scratch("bound"))") }
        let handle = try #require(FileHandle(ofDirectory: scratch.bytes("real/sub")))
        var bound = try resolver(watching: scratch("bound"))
        let boundPath = bound.path(of: handle)
        #expect(boundPath == scratch.bytes("bound/sub"))
        let inside = bound.isWatched(handle)
        #expect(inside)
        var real = try resolver(watching: scratch("real"))
        let realPath = real.path(of: handle)
        #expect(realPath == scratch.bytes("real/sub"))
    }
}
