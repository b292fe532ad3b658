import Baseline
import Configuration
import EventModel
import FileReading
import Foundation
import Testing

@testable import SensorCore

@Suite struct LinkTargetsTests {
    private let directory: TestDirectory
    private let root: ByteString

    init() throws {
        directory = try TestDirectory()
        root = try #require(RealPath.of(ByteString(directory.path)))
        for name in ["watched/deep/deeper", "other/inner", "elsewhere"] { try make(name) }
        try directory.write("", to: directory.path + "/elsewhere/file")
    }

    private func make(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory.path + "/" + name, withIntermediateDirectories: true)
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/watched/" + name, withDestinationPath: target)
    }

    private func place(_ name: ByteString) -> ByteString { root.appending(name) }

    private func watches(
        depth: UInt64? = nil, exclude: [String] = [], host: HostRoot = HostRoot()
    ) -> ConfiguredWatches {
        var options = FileIntegrityOptions()
        // The one that follows comes first: it must not take what the other has.
        for name in ["watched", "other/inner"] {
            var watch = Watch(path: (host.path.isEmpty ? directory.path : "") + "/" + name)
            watch.followsSymlinks = name == "watched"
            watch.severity = name == "watched" ? .low : .high
            (watch.recursion, watch.exclude) = (depth, exclude)
            options.watches.append(watch)
        }
        return ConfiguredWatches(options, own: [], host: host)
    }

    @Test func linksAreFollowed() throws {
        try link("one", to: "../elsewhere")
        try link("deep/two", to: directory.path + "/elsewhere/file")
        try link("inside", to: "deep")
        let found = watches()
        #expect(found.links.places == [place("elsewhere"), place("elsewhere/file")])
        #expect(found.rules.rule(for: place("elsewhere/file"))?.severity == .low)
        #expect(watches(depth: 0).links.places == [place("elsewhere")])
        #expect(watches(exclude: ["one"]).links.places == [place("elsewhere/file")])
        #expect(watches(exclude: [directory.path + "/watched/deep"]).links.places == [place("elsewhere")])
        #expect(found.links.remark == nil && found.links.entry == nil)
    }

    @Test func noLinkTakesInTheRootOrAnotherWatch() throws {
        try link("root", to: "/")
        try link("holds", to: "../other")
        try link("is", to: "../other/inner")
        try link("device", to: "/dev/null")
        try link("kernel", to: "/proc/self/mounts")
        let found = watches()
        #expect(found.rules.places == [place("other/inner"), place("watched")])
        #expect(found.rules.rule(for: place("other/inner"))?.severity == .high)
        let remark = try #require(found.links.remark)
        #expect(remark.contains("leads to") && remark.hasSuffix("; 1 more"))
    }

    @Test(.enabled(if: getuid() == 0, "only root can give a link to somebody else"))
    func linksOfOthersAreNotFollowed() throws {
        try link("planted", to: "../elsewhere")
        lchown(directory.path + "/watched/planted", 4_711, 4_711)
        #expect(watches().links.places.isEmpty)
        #expect(watches().links.remark?.contains("/watched/planted belongs to uid 4711") == true)
        // To whom the tree belongs, the links in it may belong too.
        chown(directory.path + "/watched", 4_711, 4_711)
        #expect(watches().links.places == [place("elsewhere")])
    }

    @Test func whatIsTooMuchIsSaid() throws {
        for number in 0...LinkTargets.mostTargets {
            try directory.write("", to: directory.path + "/elsewhere/\(number)")
            try link("\(number)", to: "../elsewhere/\(number)")
        }
        let links = watches().links
        #expect(links.places.count == LinkTargets.mostTargets)
        #expect(links.entry?.state.label == "degraded")
    }

    @Test func absoluteLinksOfAHostStayInItsRoot() throws {
        try link("one", to: "/elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/moved", withDestinationPath: "/watched")
        let host = HostRoot(root.text)
        #expect(watches(host: host).links.places == [place("elsewhere")])
        #expect(host.resolved(place("moved")) == place("watched"))
        #expect(watches(host: host).missing.isEmpty)
    }
}
