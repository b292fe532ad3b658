import EventModel
import Foundation
import Reporting
import Testing

private let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

/// Runs a program with `input`; its exit status and everything that it printed.
private func run(_ arguments: [String], input: [UInt8] = []) throws -> (status: Int32, output: String) {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
        "vedette-\(UUID().uuidString).jsonl")
    try Data(input).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = try FileHandle(forReadingFrom: file)
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

private let hasValidator: Bool = {
    let has = (try? run(["python3", "-c", "import jsonschema"]).status) == 0
    if !has { print("SKIPPED: schema tests need python3-jsonschema (apt-get install python3-jsonschema)") }
    return has
}()

private func validate(_ lines: [UInt8]) throws -> (status: Int32, output: String) {
    let tool = packageRoot.appendingPathComponent("Tests/Tools/validate_events.py").path
    let schema = packageRoot.appendingPathComponent("docs/schema/event.schema.json").path
    return try run(["python3", tool, schema], input: lines)
}

@Suite(.enabled(if: hasValidator, "needs python3-jsonschema")) struct SchemaTests {
    @Test func everyKindOfLineIsAsTheSchemaSays() throws {
        var encoder = ECSEncoder(names: NameTable(passwd: sampleNames), bootTime: 5)
        var lines: [UInt8] = []
        for event in allSamples() {
            encoder.encode(event)
            lines += encoder.line
        }
        let verdict = try validate(lines)
        #expect(verdict.status == 0, "\(verdict.output)")
    }

    @Test(arguments: [
        ("\"sequence\":1", "\"sequence\":0"), ("\"pid\":812", "\"pid\":\"812\""),
        ("\"action\":\"replaced\"", "\"action\":\"changed\""),
        ("\"source\":\"procfs\"", "\"source\":\"none\""),
        ("\"session\":\"3\"", "\"session\":\"4294967295\""), ("\"inode\":", "\"inodes\":"),
        ("\"login_user\":{\"id\":\"1000\"", "\"login_user\":{\"id\":\"unset\""), ("}\n", "\n"),
    ])
    func theSchemaRefusesWhatTheEncoderMustNotWrite(_ good: String, _ bad: String) throws {
        var encoder = ECSEncoder(names: NameTable(passwd: sampleNames))
        encoder.encode(.change(change()))
        let line = String(decoding: encoder.line, as: UTF8.self)
        #expect(line.contains(good))
        let verdict = try validate(Array(line.replacingOccurrences(of: good, with: bad).utf8))
        #expect(verdict.status == 1, "\(verdict.output)")
    }
}
