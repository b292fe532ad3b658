import EventModel
import Foundation
import Testing

@testable import SensorCore

/// An overlay as Docker makes them: two layers by their short names, and the container's own.
private final class Container {
    let path: String
    let isMounted: Bool
    static let ids = ["a", "b", "c"].map { String(repeating: $0, count: 64) }

    init() throws {
        let path = NSTemporaryDirectory() + "vedette-layers-\(UUID().uuidString)/overlay2"
        self.path = path
        let files = FileManager.default
        for (index, id) in Self.ids.enumerated() {
            for name in ["diff/etc", "work", "merged"] {
                try files.createDirectory(atPath: path + "/\(id)/\(name)", withIntermediateDirectories: true)
            }
            try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/\(id)/diff/etc/from-\(index)"))
            try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/\(id)/diff/etc/all"))
        }
        try files.createDirectory(atPath: path + "/l", withIntermediateDirectories: true)
        for id in Self.ids { symlink("../\(id)/diff", path + "/l/" + id.prefix(1).uppercased()) }
        let top = path + "/" + Self.ids[0]
        let options = "lowerdir=\(path)/l/B:\(path)/l/C,upperdir=\(top)/diff,workdir=\(top)/work"
        isMounted = mount("overlay", top + "/merged", "overlay", 0, options) == 0
    }

    deinit {
        if isMounted { umount2(path + "/\(Self.ids[0])/merged", Int32(MNT_DETACH)) }
        try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
    }

    func merged(_ name: String) -> ByteString { ByteString(path + "/\(Self.ids[0])/merged" + name) }
    func diff(_ layer: Int) -> ByteString { ByteString(path + "/\(Self.ids[layer])/diff") }
}

@Suite struct LayerFinderTests {
    @Test func whatIsInAContainersTreeLiesInTheUppermostLayerThatHasIt() throws {
        let finder = LayerFinder()
        #expect(finder.layer(of: "/etc/passwd") == nil)
        // The finder notices the mount.
        let container = try Container()
        guard container.isMounted else {
            print("SKIPPED: overlay mounts need root (CAP_SYS_ADMIN): \(String(cString: strerror(errno)))")
            return
        }
        for (name, index) in [("all", 0), ("from-0", 0), ("from-1", 1), ("from-2", 2)] {
            let layer = try #require(finder.layer(of: container.merged("/etc/" + name)))
            #expect(layer.storage == .docker && layer.id == ByteString(Container.ids[index]))
            #expect(layer.directory == container.diff(index) && layer.path == ByteString("/etc/" + name))
        }
        unlink(container.merged("/etc/from-1").text)
        #expect(finder.layer(of: container.merged("/etc/from-1")) == nil)
        #expect(finder.layer(of: container.merged("/etc/none")) == nil)
        #expect(finder.layer(of: container.merged(""))?.path == "/")
        let top = URL(fileURLWithPath: container.merged("/etc/from-2").text)
        try Data("other".utf8).write(to: top)
        #expect(finder.layer(of: container.merged("/etc/from-2"))?.directory == container.diff(0))
    }

    @Test func linesAndRecordsOfFilesInNoContainerSayNothing() throws {
        var encoder = LineEncoder()
        var lines: [UInt8] = []
        let layer = "/var/lib/docker/overlay2/\(Container.ids[0])/diff"
        for path in ["/etc/passwd", layer + "/etc/passwd"] {
            let change = FileChange(
                kind: .modified, path: ByteString(path), type: .file, time: 1, source: .scan)
            encoder.encode(.change(change), into: &lines)
        }
        let parts = String(decoding: lines, as: UTF8.self).split(separator: "\n")
        #expect(!parts[0].contains("layer"))
        let expected =
            #""layer":{"storage":"overlay2","id":"\#(Container.ids[0])","directory":"\#(layer)","path":"/etc/passwd"}"#
        #expect(parts[1].contains(expected))
    }
}
