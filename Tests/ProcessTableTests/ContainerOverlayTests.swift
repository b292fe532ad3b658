import EventModel
import KernelDecoding
import Testing

@testable import ProcessTable

@Suite("overlay mounts")
struct ContainerOverlayTests {
    static let web = ContainerIdentity(runtime: "docker", id: "web")
    static let other = ContainerIdentity(runtime: "docker", id: "other")

    static func mount(_ options: String, at mountPoint: ByteString = "/", type: ByteString = "overlay")
        -> MountEntry
    {
        MountEntry(
            id: 1, parent: 0, major: 0, minor: 40, root: "/", mountPoint: mountPoint, type: type,
            superOptions: ByteString(options))
    }

    static func table(_ options: String...) -> OverlayTable {
        var table = OverlayTable()
        for option in options { table.learn(mount(option), container: web, now: 1) }
        return table
    }

    @Test("tells container and path of what lies in an upper layer, by the deepest one")
    func looksUp() throws {
        let table = Self.table(
            "rw,lowerdir=/l,upperdir=/d/a/diff,workdir=/d/a/work", "rw,lowerdir=/l,upperdir=/d/a")
        let file = try #require(table.lookup("/d/a/diff/etc/passwd"))
        #expect(file.container == Self.web && file.path == "/etc/passwd")
        #expect(table.lookup("/d/a/diff")?.path == "/")
        #expect(table.lookup("/d/a/different/x")?.path == "/different/x")
        for outside: ByteString in ["/d/ab/diff/x", "/d", "/", "", "/etc/passwd", "d/a/diff/x"] {
            #expect(table.lookup(outside) == nil)
        }
        #expect(OverlayTable().lookup("/etc/passwd") == nil)
    }

    /// As Linux 6.18 shows them, mounted by mount(2) and by fsconfig(2).
    @Test(
        "reads the names of layers as the kernel writes them",
        arguments: [
            ("lowerdir=/l1:/l2:/,upperdir=/u,workdir=/w", "/u", ["/l1/f", "/l2/f", "/f"]),
            (
                #"lowerdir=/l\134:1:/l\0402,upperdir=/u\134:p\040x\134\054=\134\134y"#, #"/u:p x,=\y"#,
                ["/l:1/f", "/l 2/f"]
            ),
            ("lowerdir=rel:/l2:../x,upperdir=/u", "/u", ["/l2/f"]),
            ("lowerdir=/l1:/l2::/data1::/data2,upperdir=/u", "/u", ["/l1/f", "/l2/f"]),
            (#"lowerdir+=/l:1,lowerdir+=/l2,upperdir=/u\134n"#, #"/u\n"#, ["/l:1/f", "/l2/f"]),
        ] as [(String, String, [String])])
    func readsLayers(options: String, upper: String, lower: [String]) {
        let table = Self.table(options)
        #expect(table.count == 1)
        let file = ByteString(upper + "/f")
        #expect(table.lookup(file)?.path == "/f")
        #expect(table.lowerPaths(of: file) == lower.map { ByteString($0) })
        #expect(table.lowerPaths(of: "/elsewhere/f").isEmpty)
    }

    @Test("tells the kernel's scratch space")
    func tellsWorkPaths() {
        let table = Self.table("lowerdir=/l,upperdir=/d/a/diff,workdir=/d/a/work")
        #expect(table.isWorkPath("/d/a/work/work/#3"))
        #expect(!table.isWorkPath("/d/a/diff/work"))
        #expect(!table.isWorkPath("/d/a/workshop"))
    }

    @Test("passes over what is no overlay with an upper layer of a known place")
    func passesOver() {
        var table = Self.table(
            "lowerdir=/l", "lowerdir=l,upperdir=u,workdir=w", "upperdir=/", "upperdir=", "")
        table.learn(Self.mount("upperdir=/u", type: "ext4"), container: Self.web, now: 1)
        #expect(table.count == 0)
    }

    @Test("an overlay belongs to the container that has it as root, whoever sees it before or after")
    func keepsOwner() {
        var table = OverlayTable()
        let root = Self.mount("upperdir=/u")
        table.learn(
            Self.mount("upperdir=/u", at: "/var/lib/docker/overlay2/a/merged"), container: nil, now: 1)
        table.learn(Self.mount("upperdir=/u", at: "/host/a/merged"), container: Self.other, now: 2)
        #expect(table.lookup("/u/f")?.path == "/f")
        #expect(table.lookup("/u/f").flatMap(\.container) == nil)
        table.learn(root, container: Self.web, now: 3)
        table.learn(root, container: nil, now: 4)
        table.learn(root, container: Self.other, now: 5)
        #expect(table.lookup("/u/f")?.container == Self.web)
    }

    @Test("forgets ten minutes after an overlay was last seen, not before")
    func expires() {
        let minute: UInt64 = 60_000_000_000
        var table = OverlayTable()
        table.learn(Self.mount("upperdir=/u1,workdir=/w1"), container: Self.web, now: 0)
        table.learn(Self.mount("upperdir=/u2,workdir=/w2"), container: Self.web, now: 0)
        table.learn(Self.mount("upperdir=/u2,workdir=/w2"), container: Self.web, now: 5 * minute)
        table.expire(now: 10 * minute)
        #expect(table.count == 2)
        table.learn(Self.mount("upperdir=/u3"), container: nil, now: 12 * minute)
        #expect(table.lookup("/u1/f") == nil && !table.isWorkPath("/w1/f"))
        #expect(table.lookup("/u2/f") != nil && table.isWorkPath("/w2/f"))
        table.expire(now: .max)
        #expect(table.count == 0)
    }

    @Test("stays within its bounds, keeps the newest and counts what had to go")
    func staysBounded() {
        var byCount = OverlayTable(capacity: 64)
        var bySize = OverlayTable(maximumSize: 64 << 10)
        let layers = String(repeating: "/layer:", count: 100)
        for number in 0..<1_000 {
            let mount = Self.mount("lowerdir=\(layers)/l,upperdir=/u/\(number),workdir=/w/\(number)")
            byCount.learn(mount, container: nil, now: UInt64(number))
            bySize.learn(mount, container: nil, now: UInt64(number))
            #expect(byCount.lookup(ByteString("/u/\(number)/f")) != nil)
            #expect(bySize.lookup(ByteString("/u/\(number)/f")) != nil)
        }
        #expect(byCount.count <= 64 && byCount.count + Int(byCount.evicted) == 1_000)
        #expect(bySize.count <= 64 && bySize.count + Int(bySize.evicted) == 1_000)
        #expect(!byCount.isWorkPath("/w/1/f"))
    }
}

@Suite struct ContainerLayerTests {
    private static let id = String(repeating: "0f", count: 32)

    @Test(arguments: [
        ("/var/lib/docker/overlay2/\(id)/diff/etc/passwd", "overlay2", id, "/etc/passwd"),
        ("/srv/overlay2/\(id)-init/diff", "overlay2", id + "-init", "/"),
        ("/d/overlay2/abcdefghijklmnopqrstuvwx0/diff/a", "overlay2", "abcdefghijklmnopqrstuvwx0", "/a"),
        ("/var/lib/containers/storage/overlay/\(id)/diff/a/b", "containers-storage", id, "/a/b"),
        (
            "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/42/fs/x", "containerd",
            "42",
            "/x"
        ),
        // A container that runs containers: the inner layer.
        ("/o/overlay2/\(id)/diff/v/overlay/\(id)/diff/y", "containers-storage", id, "/y"),
    ])
    func isKnownByItsPath(_ path: String, _ storage: String, _ id: String, _ inside: String) throws {
        let layer = try #require(ContainerLayer(ByteString(path)))
        #expect(layer.storage.rawValue == storage && layer.id == ByteString(id))
        #expect(layer.path == ByteString(inside))
        #expect(ByteString(path).isWithin(layer.directory))
    }

    @Test(arguments: [
        "", "/", "x", "/etc/passwd", "/var/lib/docker/overlay2", "/var/lib/docker/overlay2/\(id)",
        "/var/lib/docker/overlay2/\(id)/work/x", "/var/lib/docker/overlay2/l/diff/x",
        "/src/overlay2/tests/diff/x", "/src/overlay/v1/diff/x", "/x/overlay/\(id)0/diff/x",
        "/backup/snapshots/42/fs/x", "/io.containerd.snapshotter.v1.overlayfs/snapshots/x/fs/y",
        "/io.containerd.snapshotter.v1.overlayfs/snapshots//fs/y", "//overlay2//diff//",
    ])
    func otherPathsLieInNone(_ path: String) { #expect(ContainerLayer(ByteString(path)) == nil) }
}

@Suite struct MergedLayersTests {
    private static let options =
        "rw,lowerdir=/o/overlay2/l/A:/o/overlay2/l/B,upperdir=/o/overlay2/"
        + String(repeating: "a", count: 64) + "/diff,workdir=/w"

    private static func mount(
        _ id: Int32, _ point: ByteString, root: ByteString = "/", type: ByteString = "overlay",
        _ options: String = options
    ) -> MountEntry {
        MountEntry(
            id: id, parent: id == 1 ? 0 : 1, major: 0, minor: 1, root: root, mountPoint: point, type: type,
            superOptions: ByteString(options))
    }

    @Test func onlyTheTreesOfContainersHaveThem() {
        let table = MountTable(entries: [
            Self.mount(1, "/"), Self.mount(2, "/m"), Self.mount(3, "/m/proc", type: "proc", ""),
            Self.mount(4, "/s", root: "/srv"),
            Self.mount(5, "/usr", "rw,lowerdir=/ext:/usr,upperdir=/u,workdir=/w"),
        ])
        let layers = MergedLayers(table)
        let upper = ByteString("/o/overlay2/" + String(repeating: "a", count: 64) + "/diff")
        #expect(
            layers.candidates(of: "/m/f") == [upper.appending("f"), "/o/overlay2/l/A/f", "/o/overlay2/l/B/f"])
        #expect(layers.candidates(of: "/s/f").first == upper.appending("srv/f"))
        #expect(layers.candidates(of: "/m").first == upper)
        for path: ByteString in ["/m/proc/1", "/mm/f", "/usr/bin/f", "/etc/f", "/"] {
            #expect(layers.candidates(of: path).isEmpty)
        }
        #expect(MergedLayers().candidates(of: "/m/f").isEmpty)
    }
}
