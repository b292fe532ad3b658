import Configuration
import Foundation
import Testing

let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

/// Files below `Fixtures/<directory>` with this extension, without it.
func fixtures(_ directory: String, _ kind: String = "yml") -> [String] {
    let url = fixtureDirectory(directory)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.filter { $0.hasSuffix("." + kind) }.map { String($0.dropLast(kind.count + 1)) }.sorted()
}

func fixtureDirectory(_ name: String) -> URL {
    packageRoot.appendingPathComponent("Tests/ConfigurationTests/Fixtures/\(name)")
}

func parse(_ text: String) throws(ConfigurationErrors) -> SensorConfiguration {
    try parse(Array(text.utf8))
}

/// As if all built-in watches existed.
func parse(_ bytes: [UInt8], file: String = "f.yml") throws(ConfigurationErrors) -> SensorConfiguration {
    try SensorConfiguration.parse(bytes, file: file) { _ in true }
}

func errors(_ bytes: [UInt8]) -> ConfigurationErrors? {
    do throws(ConfigurationErrors) {
        _ = try parse(bytes)
        return nil
    } catch { return error }
}

func errors(_ text: String) -> ConfigurationErrors? { errors(Array(text.utf8)) }

/// Compares `text` with the file, or writes it there when `make golden` asks for that.
func expectGolden(_ text: String, _ file: URL) throws {
    if ProcessInfo.processInfo.environment["VEDETTE_UPDATE_GOLDEN"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOf: file, encoding: .utf8)
    #expect(text == golden, "\(file.lastPathComponent): if this is better, `make golden`")
}
