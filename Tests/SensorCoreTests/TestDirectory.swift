import Foundation

/// A directory of a test's own, with the alert file in it. Removed with the value.
final class TestDirectory {
    let path = NSTemporaryDirectory() + "vedette-alerts-" + UUID().uuidString
    var log: String { path + "/alerts.json" }

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The name of a rotated file.
    func rotated(_ number: Int) -> String { "\(log).\(number)" }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// What is in the file at `path`; `nil` when there is none.
    func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What is in all files, the oldest first.
    var all: String {
        (1...20).reversed().compactMap { read(rotated($0)) }.joined() + (read(log) ?? "")
    }
}
