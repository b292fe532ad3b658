import Foundation
import KernelDecoding
import Testing

/// Recorded bytes beside this file: `Fixtures/<distribution>-linux-<kernel>/<interface>/<case>.bin`.
struct Fixture: Sendable, CustomTestStringConvertible {
    var name: String
    var file: URL
    var bytes: [UInt8]

    /// All fixtures of an interface.
    static func all(_ interface: String) -> [Fixture] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        return contents(of: root).flatMap { host in
            contents(of: host.appending(path: interface)).filter { $0.pathExtension == "bin" }
        }
        .sorted { $0.path < $1.path }
        .compactMap { file in
            guard let data = try? Data(contentsOf: file) else { return nil }
            return Fixture(
                name: file.deletingPathExtension().lastPathComponent, file: file, bytes: Array(data))
        }
    }

    private static func contents(of folder: URL) -> [URL] {
        (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }

    var testDescription: String { name }

    var golden: URL { file.deletingPathExtension().appendingPathExtension("golden.txt") }

    /// The expected text; with `VEDETTE_UPDATE_GOLDEN` in the environment `actual` becomes it.
    func expected(writing actual: String) throws -> String {
        if ProcessInfo.processInfo.environment["VEDETTE_UPDATE_GOLDEN"] != nil {
            try actual.write(to: golden, atomically: true, encoding: .utf8)
        }
        return try String(contentsOf: golden, encoding: .utf8)
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
