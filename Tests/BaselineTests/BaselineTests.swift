import Baseline
import EventModel
import Foundation
import Testing

/// A directory of a test's own, gone with the test.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "vedette-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/baseline.db" }
}

/// As if contents had been digested.
func further(_ set: DigestSet, filledWith byte: UInt8) -> FurtherDigests? {
    let count = set.names.reduce(0) { $0 + $1.size }
    return ([set.rawValue] + [UInt8](repeating: byte, count: count)).withUnsafeBytes { FurtherDigests($0) }
}

/// A file of no special kind.
func sample(_ inode: UInt64, type: FileType = .file, size: UInt64 = 3) -> FileAttributes {
    FileAttributes(
        type: type, device: 1, inode: inode, mode: type == .directory ? 0o755 : 0o644, owner: 0, group: 0,
        size: size, modified: 10, changed: 10)
}

@Suite struct BaselineTests {
    private let scratch: Scratch
    private let baseline: Baseline

    init() throws {
        scratch = try Scratch()
        baseline = try Baseline(path: scratch.database)
    }

    @Test func everyAttributeComesBackAsItWas() throws {
        var file = FileAttributes(
            type: .symlink, device: .max, inode: .max - 1, mode: 0o7777, owner: .max, group: .max - 1,
            size: .max, modified: 1, changed: 2, born: 3, links: .max)
        file.generation = .max
        file.isImmutable = true
        file.isAppendOnly = true
        file.linkTarget = ByteString([0xff, 0x0a, 0x2f])
        (file.acl, file.capabilities, file.extended) = (.max, 1, 2)
        file.sha256 = SHA256Digest((0..<32).map { UInt8($0) })
        let name = ByteString([0x2f, 0x61, 0x2f, 0xfe, 0x0a, 0x27])
        try baseline.put(file, at: name, seen: 77)
        try baseline.commit()
        let other = try Baseline(path: scratch.database, mayWrite: false)
        #expect(try other.record(of: name) == BaselineRecord(attributes: file, seen: 77))
        #expect(try other.record(of: "/a") == nil)
    }

    @Test func furtherDigestsComeBackAndTakeNoRoomWhereThereAreNone() throws {
        var file = sample(1)
        file.sha256 = SHA256Digest([UInt8](repeating: 2, count: 32))
        (file.acl, file.linkTarget) = (3, "x")
        file.furtherDigests = further(.all, filledWith: 7)
        try baseline.put(file, at: "/f", seen: 1)
        try baseline.put(sample(2), at: "/g", seen: 1)
        #expect(try baseline.record(of: "/f")?.attributes == file)
        #expect(try baseline.record(of: "/g")?.attributes.furtherDigests == nil)
    }

    /// Version 5 had the same records without further digests.
    @Test func aDatabaseOfVersionFiveGoesOn() throws {
        try baseline.put(sample(1), at: "/f", seen: 1)
        let path = scratch.path + "/older.db"
        try BaselineFile(path: path).restore(from: baseline)
        try setVersion(5, of: path)
        #expect(try Baseline(path: path, mayWrite: false).record(of: "/f") != nil)
        #expect(try Baseline(path: path).record(of: "/f") != nil)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path))[63] == 6)
    }

    /// `user_version`, 4 bytes at 60 in the header of a SQLite file.
    private func setVersion(_ version: UInt8, of path: String) throws {
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        content[63] = version
        try content.write(to: URL(fileURLWithPath: path))
    }

    @Test(arguments: FileType.allCases) func everyTypeComesBack(_ type: FileType) throws {
        try baseline.put(sample(1, type: type), at: "/f", seen: 1)
        #expect(try baseline.record(of: "/f")?.attributes.type == type)
    }

    @Test func anEmptyLinkTargetIsNotAMissingOne() throws {
        var link = sample(1, type: .symlink)
        link.linkTarget = ByteString()
        try baseline.put(link, at: "/l", seen: 1)
        #expect(try baseline.record(of: "/l")?.attributes.linkTarget == ByteString())
    }

    @Test func childrenComeByNameAPageAtATime() throws {
        let names = (0..<1_000).map { ByteString("n\($0)") }.shuffled()
        for name in names { try baseline.put(sample(1), name: name, in: "/d", seen: 1) }
        var (found, last) = ([ByteString](), ByteString())
        while true {
            let page = try baseline.glances(of: "/d", after: last, limit: 256)
            found += page.map(\.name)
            guard let name = page.last?.name else { break }
            last = name
        }
        #expect(found == names.sorted())
    }

    @Test func aTreeIsRemovedAndNoneOfItsNeighbours() throws {
        for path: ByteString in ["/a/x", "/a/b/y", "/a/b/c/z", "/ab/x", "/a.b/x", "/a0/x"] {
            try baseline.put(sample(1), at: path, seen: 1)
        }
        var removed: [ByteString] = []
        try baseline.removeTree("/a") { (path, _) throws(DatabaseError) in removed.append(path) }
        #expect(removed == ["/a/x", "/a/b/y", "/a/b/c/z"])
        #expect(try baseline.fileCount() == 3)
        try baseline.put(sample(2), at: "/a/b/y", seen: 2)
        #expect(try baseline.record(of: "/a/b/y")?.attributes.inode == 2)
    }

    @Test func whatWasNotCommittedIsGoneAndNothingElse() throws {
        try baseline.put(sample(1), at: "/d/kept", seen: 1)
        try baseline.commit()
        try baseline.put(sample(2), at: "/e/lost", seen: 1)
        let other = try Baseline(path: scratch.database, mayWrite: false)
        #expect(try other.record(of: "/d/kept") != nil)
        #expect(try other.record(of: "/e/lost") == nil)
        baseline.rollBack()
        #expect(try baseline.record(of: "/e/lost") == nil)
        try baseline.put(sample(3), at: "/e/lost", seen: 1)
        try baseline.commit()
        #expect(try other.record(of: "/e/lost")?.attributes.inode == 3)
    }

    @Test func whatIsNoDatabaseIsCorrupt() throws {
        let path = scratch.path + "/other.db"
        try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: DatabaseError.self) { try Baseline(path: path) }
        #expect(error?.isCorrupt == true)
    }

    @Test func aDatabaseOfAnotherVersionIsRefused() throws {
        try baseline.commit()
        var content = try Data(contentsOf: URL(fileURLWithPath: scratch.database))
        // `user_version`, 4 bytes at 60 in the header of a SQLite file.
        content[63] = 200
        let path = scratch.path + "/other.db"
        try content.write(to: URL(fileURLWithPath: path))
        #expect(throws: DatabaseError.self) { try Baseline(path: path) }
    }
}

@Suite struct FileAttributesTests {
    @Test func aDirectorysTimesAndSizeAreNoChange() {
        var later = sample(1, type: .directory)
        (later.size, later.modified, later.changed, later.links) = (9, 99, 99, 7)
        #expect(later.differences(from: sample(1, type: .directory)).isEmpty)
        #expect(!later.looksLike(sample(1, type: .directory)))
    }

    @Test(arguments: [
        (\FileAttributes.mode, FileAttribute.mode), (\.owner, .owner), (\.group, .group), (\.links, .links),
    ])
    func eachNumberThatDiffersIsNamed(
        _ path: WritableKeyPath<FileAttributes, UInt32> & Sendable, _ attribute: FileAttribute
    ) {
        var later = sample(1)
        later[keyPath: path] = 4_242
        #expect(later.differences(from: sample(1)) == [attribute])
        #expect(ChangeKind(changed: [attribute]) == .attributes)
    }

    @Test func contentWithTheSameTimesIsModified() {
        var (one, other) = (sample(1), sample(1))
        one.sha256 = SHA256Digest([UInt8](repeating: 1, count: 32))
        other.sha256 = SHA256Digest([UInt8](repeating: 2, count: 32))
        #expect(other.differences(from: one) == [.sha256])
        #expect(ChangeKind(changed: [.sha256]) == .modified)
        // What was not read does not differ.
        one.sha256 = nil
        #expect(other.differences(from: one).isEmpty)
    }

    @Test func anotherInodeIsAReplacement() {
        #expect(ChangeKind(changed: sample(2).differences(from: sample(1))) == .replaced)
        #expect(ChangeKind(changed: []) == nil)
    }
}
