import EventModel
import Foundation
import Testing

@testable import SensorCore

@Suite struct CanaryChildTests {
    @Test func leavesNothingBehindAndSaysWhereItWasRefused() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "canary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let before =
            try FileManager.default.attributesOfItem(atPath: directory.path)[.modificationDate] as? Date
        let child = try #require(CanaryChild())
        let places: [ByteString] = [
            ByteString(directory.path), "/proc/self", ByteString(directory.path + "/none"),
        ]
        try child.start(in: places, executes: true)
        #expect(child.pid > 0)
        let deadline = Date().addingTimeInterval(10)
        while !child.hasEnded, Date() < deadline { usleep(1_000) }
        #expect(child.hasEnded)
        #expect(child.result(of: 0) == 0)
        #expect(child.result(of: 1) > 0)
        #expect(child.result(of: 2) == ENOENT)
        child.reap()
        #expect(child.pid == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        let after =
            try FileManager.default.attributesOfItem(atPath: directory.path)[.modificationDate] as? Date
        #expect(before == after)
    }
}
