import Foundation
import KernelDecoding

/// Recorded bytes beside this file: `Fixtures/<distribution>-linux-<kernel>/<interface>/<case>.bin`.
struct Fixture: Sendable {
    var name: String
    var file: URL
    var bytes: [UInt8]

    /// All fixtures of an interface. An orphan golden file has no recording, and fails in the tests.
    static func all(_ interface: String) -> [Fixture] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let hosts = (try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)) ?? []
        return hosts.flatMap { host in
            let folder = host.appending(path: interface)
            let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            return (files ?? []).filter { $0.pathExtension == "bin" }
        }
        .sorted { $0.path < $1.path }
        .compactMap { file in
            guard let data = try? Data(contentsOf: file) else { return nil }
            return Fixture(
                name: file.deletingPathExtension().lastPathComponent, file: file, bytes: Array(data))
        }
    }

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
