import Configuration
import Foundation
import Testing

/// The parser, the schema, the reference and the example name the same keys.
@Suite struct ReferenceTests {
    private let keys = Set(SensorConfiguration.keyPaths)

    private func text(_ path: String) throws -> String {
        try String(contentsOf: packageRoot.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func theReferenceHasARowForEachKey() throws {
        let rows = try text("docs/configuration.md").split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /\| `([a-z_.\[\]]+)` \|.*/).map { String($0.1) }
        }
        #expect(rows.count == Set(rows).count && Set(rows) == keys)
    }

    @Test func theSchemaHasEachKey() throws {
        let schema = try JSONSerialization.jsonObject(with: Data(text("docs/schema/config.schema.json").utf8))
        let root = try #require(schema as? [String: Any])
        #expect(Set(properties(of: root, below: "", root)) == keys)
    }

    private func properties(of node: [String: Any], below path: String, _ root: [String: Any]) -> [String] {
        if let name = (node["$ref"] as? String)?.split(separator: "/").last,
            let target = (root["$defs"] as? [String: Any])?[String(name)] as? [String: Any]
        {
            return properties(of: target, below: path, root)
        }
        if let items = node["items"] as? [String: Any] {
            return properties(of: items, below: path + "[]", root)
        }
        let entries = node["properties"] as? [String: [String: Any]] ?? [:]
        return entries.flatMap { name, value in
            let key = path.isEmpty ? name : "\(path).\(name)"
            return [key] + properties(of: value, below: key, root)
        }
    }

    @Test func theExampleShowsEachKey() throws {
        let example = try text("docs/vedette.yml")
        for key in keys {
            let name = key.split(separator: ".").last ?? ""
            #expect(example.contains("\(name):"), "\(key)")
        }
    }

    @Test(.enabled(if: hasValidator, "needs python3-jsonschema and python3-yaml"))
    func theSchemaJudgesAsTheParser() throws {
        let (status, output) = try run("Tests/Tools/config_schema.py")
        #expect(status == 0, "\(output)")
    }
}

private let hasValidator: Bool = {
    let has = (try? run("-c", "import jsonschema, yaml").status) == 0
    if !has {
        print("SKIPPED: the schema's test needs python3-jsonschema and python3-yaml (apt-get install)")
    }
    return has
}()

/// Runs Python; its exit status and all that it printed.
private func run(_ arguments: String...) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.currentDirectoryURL = packageRoot
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}
