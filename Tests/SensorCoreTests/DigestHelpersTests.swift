import Baseline
import EventModel
import Foundation
import Testing

@testable import SensorCore

@Suite struct DigestHelpersTests {
    private let path = NSTemporaryDirectory() + "vedette-helpers-" + UUID().uuidString

    /// What the scan of a tree with everything in it takes, and the processor time of its helpers.
    private func records(helpers: Int) throws -> (files: [ByteString: FileAttributes], helperTime: UInt64) {
        let database = path + ".\(helpers).db"
        defer { for suffix in ["", "-wal", "-shm"] { unlink(database + suffix) } }
        let baseline = try Baseline(path: database)
        let tree = DiskTree()
        var options = ScanOptions()
        options.digests = [.md5]
        options.digestLimit = 300_000
        options.excludes = [PathPattern("*.skip")]
        options.helpers = helpers
        let scan = TreeScan(
            baseline: baseline, tree: tree, options: options, now: { Clock.realtime },
            report: { Issue.record("\($0)") })
        let result = try #require(try scan.scan(ByteString(path)))
        var files: [ByteString: FileAttributes] = [:]
        try baseline.forEachBelow(ByteString(path)) { (path, record) throws(DatabaseError) in
            files[path] = record.attributes
        }
        #expect(result.taken == UInt64(files.count) + 1)
        let helperTime = tree.helperTime
        options.rereads = true
        let second = TreeScan(
            baseline: baseline, tree: tree, options: options, now: { Clock.realtime },
            report: { Issue.record("\($0)") })
        #expect(try second.scan(ByteString(path))?.read == result.read)
        #expect((tree.helperTime > helperTime) == (helpers > 0))
        return (files, helperTime)
    }

    @Test func takeTheSameAsOneThread() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        for directory in ["a", "b", "b/c"] {
            let place = path + "/" + directory
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for number in 0..<150 {
                let size = number % 50 == 7 ? 310_000 : number * 1_500
                let name = "/f\(number)" + (number % 10 == 3 ? ".skip" : "")
                try Data(repeating: UInt8(number), count: size).write(to: URL(fileURLWithPath: place + name))
            }
            symlink("f1", place + "/f1-link")
            mkfifo(place + "/f1-pipe", 0o600)
        }
        let alone = try records(helpers: 0)
        let helped = try records(helpers: 3)
        #expect(alone.files.count == 3 + 3 * (150 - 15 + 2))
        #expect(helped.files == alone.files)
        #expect(alone.helperTime == 0 && helped.helperTime > 0)
    }

    @Test func whatChangesAfterItWasTakenAheadIsTakenAgain() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in ["a", "b", "c"] {
            try Data("one".utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        }
        let tree = DiskTree()
        tree.use([], helpers: 1)
        #expect(tree.list(ByteString(path)) == 0)
        tree.expect { _ in 100 }
        let first = try #require(tree.take(at: 0, digestLimit: 100))
        let handle = try #require(FileHandle(forWritingAtPath: path + "/b"))
        try handle.write(contentsOf: Data("other".utf8))
        try handle.close()
        unlink(path + "/c")
        let second = try #require(tree.take(at: 1, digestLimit: 100))
        #expect(second.size == 5 && second.sha256 != nil && second.sha256 != first.sha256)
        #expect(tree.take(at: 2, digestLimit: 100) == nil)
        tree.finish()
    }
}
