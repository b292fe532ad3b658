import EventModel
import Foundation
import Testing

@testable import FileReading

/// A directory tree that stands for a host's: its absolute links lead nowhere outside of it.
@Suite struct RealPathTests {
    private final class Host {
        let root: ByteString

        init() throws {
            let made = NSTemporaryDirectory() + "vedette-" + UUID().uuidString
            for directory in ["/data/conf", "/run/lock", "/var"] {
                try FileManager.default.createDirectory(
                    atPath: made + directory, withIntermediateDirectories: true)
            }
            try Data().write(to: URL(fileURLWithPath: made + "/data/conf/file"))
            for (link, target) in [
                ("etc", "/data/conf"), ("var/run", "/run"), ("up", "../../../../data"), ("top", "/"),
                ("data/back", "../var/run/lock"), ("loop", "/loop"), ("broken", "/nowhere"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: made + "/" + link, withDestinationPath: target)
            }
            // A name that is not UTF-8.
            symlink("/data", ByteString(made).appending(ByteString([0xff])).zeroTerminated)
            root = try #require(RealPath.of(ByteString(made)))
        }

        deinit { try? FileManager.default.removeItem(atPath: root.text) }
    }

    private static let cases: [(path: ByteString, leads: ByteString?)] = [
        ("/etc", "/data/conf"), ("/etc/file", "/data/conf/file"), ("/etc/../back", "/run/lock"),
        ("/var/run/lock", "/run/lock"), ("/up/conf/./file", "/data/conf/file"), ("/top/etc", "/data/conf"),
        ("/../../etc", "/data/conf"), (ByteString([0x2f, 0xff]), "/data"), ("/", ""), ("/loop", nil),
        ("/broken", nil), ("/etc/none", nil), ("/data/conf/file/below", nil),
    ]

    @Test(arguments: cases)
    func linksOfTheHostStayInItsRoot(path: ByteString, leads: ByteString?) throws {
        let host = try Host()
        let expected = leads.map { ByteString(host.root.bytes + $0.bytes) }
        #expect(RealPath.of(path, in: host.root) == expected)
        // What kernels before 5.6 get.
        #expect(RealPath.walk(path, in: host.root) == expected)
    }
}
