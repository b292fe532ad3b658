import EventModel
import Foundation
import Testing

@testable import Baseline

/// Many files in one directory, so that runs are split, emptied and joined by new ones.
@Suite struct FileRunTests {
    private let scratch: Scratch
    private let baseline: Baseline

    init() throws {
        scratch = try Scratch()
        baseline = try Baseline(path: scratch.database)
    }

    /// What a directory holds is what was put there last, whatever the order, and whatever is kept in memory.
    @Test(arguments: 1...12) func aDirectoryIsWhatWasPutThere(_ seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        var expected: [ByteString: FileAttributes] = [:]
        var committed = expected
        for step in 0..<1_500 {
            let name = Self.name(&random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60:
                let file = Self.file(&random)
                try baseline.put(file, name: name, in: "/d", seen: 7)
                expected[name] = file
            case 60..<93:
                try baseline.remove(ByteString("/d").appending(name))
                expected[name] = nil
            case 93..<96:
                try baseline.commit()
                committed = expected
            case 96:
                baseline.rollBack()
                expected = committed
            default:
                #expect(
                    try baseline.record(of: ByteString("/d").appending(name))?.attributes == expected[name])
            }
            if step % 100 == 0 { #expect(try known() == expected) }
        }
        #expect(try known() == expected)
        #expect(try baseline.fileCount() == expected.count)
        try baseline.commit()
        let other = try Baseline(path: scratch.database, mayWrite: false)
        for (name, file) in expected {
            #expect(try other.record(of: ByteString("/d").appending(name))?.attributes == file)
        }
    }

    @Test func takingEverythingAwayLeavesNothing() throws {
        let names = (0..<500).map { ByteString("n\($0)") }
        for name in names { try baseline.put(sample(1), name: name, in: "/d", seen: 1) }
        for name in names.shuffled() { try baseline.remove(ByteString("/d").appending(name)) }
        #expect(try baseline.fileCount() == 0)
        try baseline.put(sample(2), name: "a", in: "/d", seen: 1)
        #expect(try baseline.glances(of: "/d", after: ByteString(), limit: 9).map(\.name) == ["a"])
    }

    @Test func aNameThatIsTooLongIsRefusedAndNothingElse() throws {
        try baseline.put(sample(1), name: "a", in: "/d", seen: 1)
        let name = ByteString([UInt8](repeating: 0x61, count: 65_536))
        #expect(throws: DatabaseError.self) { try baseline.put(sample(1), name: name, in: "/d", seen: 1) }
        try baseline.commit()
        #expect(try baseline.fileCount() == 1)
    }

    /// A damaged row may lose files, and says so or not; it never leads anywhere else.
    @Test func noDamageOfARunIsFollowed() throws {
        var run = FileRun()
        var record = [UInt8](repeating: 0, count: RecordCoding.mostWithoutTarget)
        let size = record.withUnsafeMutableBytes { RecordCoding.encode(sample(1), seen: 1, into: $0) }
        for name: ByteString in ["a", "bb", "ccc"] {
            try name.withBytes { name throws(DatabaseError) in
                try record.withUnsafeBufferPointer { record throws(DatabaseError) in
                    _ = try run.put(
                        name, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(record)[..<size]))
                }
            }
        }
        for length in 0..<run.bytes.count { Self.read(Array(run.bytes[..<length])) }
        for position in 0..<run.bytes.count {
            for bit in 0..<8 {
                var damaged = run.bytes
                damaged[position] ^= 1 << bit
                Self.read(damaged)
            }
        }
    }

    private static func read(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var reader = FileRunReader(bytes)
            var names: [ByteString] = []
            do throws(DatabaseError) {
                while let file = try reader.next() {
                    names.append(ByteString(Array(file.name)))
                    _ = RecordCoding.decode(file.record)
                    _ = RecordCoding.decodeGlance(file.record)
                }
                #expect(reader.offset == bytes.count)
                let run = try FileRun(bytes)
                #expect(run.count == names.count)
            } catch {
                #expect(error.isCorrupt)
            }
            #expect(names == names.sorted())
        }
    }

    private func known() throws -> [ByteString: FileAttributes] {
        var result: [ByteString: FileAttributes] = [:]
        try baseline.forEachBelow("/d") { (path, record) throws(DatabaseError) in
            result[path.lastComponent] = record.attributes
        }
        return result
    }

    private static func name(_ random: inout SeededNumbers) -> ByteString {
        let number = Int.random(in: 0..<300, using: &random)
        return ByteString("n\(number)" + String(repeating: "x", count: number % 7 == 0 ? 200 : 0))
    }

    private static func file(_ random: inout SeededNumbers) -> FileAttributes {
        var file = sample(UInt64.random(in: 1...99, using: &random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            file.type = .symlink
            file.linkTarget = ByteString(
                [UInt8](repeating: 1, count: Int.random(in: 0...4_096, using: &random)))
        case 1: file.extended = 4
        case 2: file.sha256 = nil
        default: file.sha256 = SHA256Digest((0..<32).map { UInt8($0) })
        }
        return file
    }
}
