import EventModel
import FileReading
import Foundation
import KernelSources
import Testing

/// Real files in a directory of the test's own.
@Suite struct DirectoryReaderTests {
    private final class Scratch {
        let path = NSTemporaryDirectory() + "vedette-" + UUID().uuidString

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let scratch: Scratch
    private let reader = DirectoryReader()

    init() throws {
        scratch = try Scratch()
    }

    private func write(_ name: String, _ content: String) throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: scratch.path + "/" + name))
    }

    private func attributes(of name: String, limit: UInt64 = 1 << 20) throws -> FileAttributes {
        try reader.open(ByteString(scratch.path))
        let position = try #require(
            (0..<reader.count).first { reader.compareName(at: $0, with: ByteString(name)) == 0 })
        var found = try #require(reader.status(at: position))
        let isThere = reader.complete(&found, at: position, digestLimit: limit, settles: true)
        #expect(isThere)
        return found
    }

    @Test func furtherDigestsAreTakenInTheSamePass() throws {
        try write("f", "abc")
        try write("large", String(repeating: "x", count: 200_000))
        reader.digests = .all
        let small = try attributes(of: "f")
        let digests = try #require(small.furtherDigests)
        #expect(digests.hexadecimal(of: .md5) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(digests.hexadecimal(of: .sha1) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(digests.hexadecimal(of: .sha512)?.hasPrefix("ddaf35a193617abacc417349ae204131") == true)
        #expect(small.sha256?.hexadecimal.hasPrefix("ba7816bf8f01cfea") == true)
        let large = try attributes(of: "large")
        #expect(large.furtherDigests?.hexadecimal(of: .md5) == "4b98146705d4b0b98b758a78ff6fb73f")
        #expect(try attributes(of: "large", limit: 10).furtherDigests == nil)
        let byPath = PathReader()
        byPath.digests = [.sha1]
        let found = byPath.attributes(of: ByteString(scratch.path + "/large"), digestLimit: 1 << 20)
        #expect(found?.furtherDigests?.set == [.sha1])
        #expect(found?.furtherDigests?.hexadecimal(of: .sha1) == "62951f943c41cdd326e5ce2b53a779e7916a820d")
        reader.digests = []
        #expect(try attributes(of: "f").furtherDigests == nil)
    }

    @Test func listsByNameWhateverTheNumber() throws {
        let names = (0..<5_000).map { "n\($0)" } + ["a", ".hidden", "..x", "...", "é", "a.b", "a b"]
        for name in names { try write(name, "") }
        try reader.open(ByteString(scratch.path))
        let found = (0..<reader.count).map { reader.name(at: $0) }
        #expect(found == names.map { ByteString($0) }.sorted())
    }

    @Test func refusesADirectoryWithTooManyNames() throws {
        for number in 0..<10 { try write("name-\(number)", "") }
        try DirectoryReader(mostNames: 70).open(ByteString(scratch.path))
        #expect(throws: KernelError(call: "getdents64(2)", errno: EOVERFLOW)) {
            try DirectoryReader(mostNames: 69).open(ByteString(scratch.path))
        }
    }

    @Test func digestsLargeContentInParts() throws {
        let bytes = (0..<(9 << 20)).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        try Data(bytes).write(to: URL(fileURLWithPath: scratch.path + "/large"))
        let whole = try attributes(of: "large", limit: 1 << 30).sha256
        let content = try #require(PathReader().openContent(of: ByteString(scratch.path + "/large")))
        var parts = 0
        while content.readOn() { parts += 1 }
        #expect(parts == 2)
        var found = try attributes(of: "large", limit: 0)
        #expect(found.sha256 == nil)
        content.addDigests(to: &found)
        #expect(found.sha256 == whole && whole != nil)
    }

    @Test func aLargeFileThatIsWrittenAllTheTimeHasNoDigest() async throws {
        let path = scratch.path + "/log"
        try write("log", "")
        #expect(truncate(path, 32 << 20) == 0)
        let writer = Task.detached {
            let file = open(path, O_WRONLY | O_APPEND)
            while !Task.isCancelled { _ = Foundation.write(file, "x", 1) }
            close(file)
        }
        var status = stat()
        while stat(path, &status) == 0, status.st_size == 32 << 20 { await Task.yield() }
        let found = PathReader().attributes(of: ByteString(path), digestLimit: 1 << 30)
        writer.cancel()
        await writer.value
        #expect(found != nil && found?.sha256 == nil)
        #expect(PathReader().attributes(of: ByteString(path), digestLimit: 1 << 30)?.sha256 != nil)
    }

    @Test func comparesNamesAsBytes() throws {
        try write("abc", "")
        try reader.open(ByteString(scratch.path))
        for (other, order) in [("abc", 0), ("abd", -1), ("abb", 1), ("ab", 1), ("abcd", -1), ("", 1)] {
            #expect(reader.compareName(at: 0, with: ByteString(other)).signum() == order, "\(other)")
        }
    }

    @Test func digestsContent() throws {
        try write("f", "abc")
        let file = try attributes(of: "f")
        #expect(file.type == .file && file.size == 3 && file.links == 1)
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(file.sha256?.hexadecimal == expected)
        try write("empty", "")
        let ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(try attributes(of: "empty").sha256?.hexadecimal == ofNothing)
    }

    @Test func digestsAMegabyteOfA() throws {
        try write("m", String(repeating: "a", count: 1_000_000))
        // FIPS 180-2, appendix B.3.
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(try attributes(of: "m").sha256?.hexadecimal == expected)
        #expect(try attributes(of: "m", limit: 999_999).sha256 == nil)
    }

    @Test func followsNoLinkAndWaitsForNoWriter() throws {
        let target = ByteString([0x2f, 0xff, 0x61])
        let bytes = target.bytes.map { CChar(bitPattern: $0) } + [0]
        #expect(symlink(bytes, scratch.path + "/l") == 0)
        #expect(mkfifo(scratch.path + "/p", 0o600) == 0)
        let link = try attributes(of: "l")
        #expect(link.type == .symlink && link.linkTarget == target && link.sha256 == nil)
        #expect(try attributes(of: "p").type == .fifo)
    }

    @Test func takingTellsWhatStatusAndCompleteTell() throws {
        try write("empty", "")
        try write("large", String(repeating: "a", count: 200_000))
        try write("small", "abc")
        #expect(symlink("small", scratch.path + "/link") == 0)
        #expect(mkfifo(scratch.path + "/pipe", 0o600) == 0)
        #expect(mkdir(scratch.path + "/directory", 0o700) == 0)
        for name in ["directory", "empty", "large", "link", "pipe", "small"] {
            let expected = try attributes(of: name, limit: 100_000)
            let position = try #require(
                (0..<reader.count).first { reader.compareName(at: $0, with: ByteString(name)) == 0 })
            #expect(reader.take(at: position, digestLimit: 100_000) == expected, "\(name)")
        }
        #expect(unlink(scratch.path + "/empty") == 0)
        let position = try #require(
            (0..<reader.count).first { reader.compareName(at: $0, with: "empty") == 0 })
        #expect(reader.take(at: position, digestLimit: 1) == nil)
    }

    @Test func aLinkIsNoDirectory() throws {
        #expect(symlink("/etc", scratch.path + "/l") == 0)
        let error = #expect(throws: KernelError.self) { try reader.open(ByteString(scratch.path + "/l")) }
        #expect(error?.errno == ENOTDIR || error?.errno == ELOOP)
    }

    @Test func tellsKernelStateFromFiles() {
        #expect(DirectoryReader.isKernelState("/proc"))
        #expect(DirectoryReader.isKernelState("/sys"))
        #expect(!DirectoryReader.isKernelState(ByteString(scratch.path)))
    }
}
