import Configuration
import Foundation
import Testing

/// Whole files: what is good beside `<name>.json`, what holds then; what is not beside `<name>.errors`.
@Suite struct FixtureTests {
    private static func content(_ directory: String, _ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: fixtureDirectory(directory).appendingPathComponent(name + ".yml")))
    }

    @Test(arguments: fixtures("good")) func readsWhatIsGood(_ name: String) throws {
        let read = try parse(Self.content("good", name))
        let golden = fixtureDirectory("good").appendingPathComponent(name + ".json")
        try expectGolden(read.tree().json + "\n", golden)
    }

    @Test(arguments: fixtures("good")) func whatIsShownReadsTheSame(_ name: String) throws {
        var read = try parse(Self.content("good", name))
        let yaml = read.tree(root: "/r").yaml
        let json = read.tree(root: "/r").json
        read.alerts.file = read.alerts.path(root: "/r")
        #expect(try parse(yaml) == read, "\(yaml)")
        #expect(try parse(json) == read, "\(json)")
    }

    @Test(arguments: ["bad", "beyond-schema"]) func saysAllThatIsWrongAndWhere(_ directory: String) throws {
        for name in fixtures(directory) {
            let found = try #require(errors(Self.content(directory, name)), "\(name) is refused")
            let golden = fixtureDirectory(directory).appendingPathComponent(name + ".errors")
            try expectGolden("\(found)\n", golden)
        }
    }

    @Test func noFixtureIsAnOrphan() {
        #expect(fixtures("good").count > 10 && fixtures("bad").count > 20)
        #expect(fixtures("good", "json") == fixtures("good"))
        for directory in ["bad", "beyond-schema"] {
            #expect(fixtures(directory, "errors") == fixtures(directory))
        }
    }

    @Test func neverFailsOnTruncatedFiles() throws {
        for directory in ["good", "bad", "beyond-schema"] {
            for name in fixtures(directory) {
                let whole = try Self.content(directory, name)
                for length in whole.indices { expectSound(Array(whole.prefix(length))) }
            }
        }
    }

    /// Either reads, or says why not at a place in the file.
    private func expectSound(_ bytes: [UInt8]) {
        guard let found = errors(bytes) else { return }
        #expect(!found.errors.isEmpty)
        for error in found.errors {
            #expect(error.position.map { $0.line >= 1 && $0.column >= 1 } ?? false)
            #expect(!error.problem.isEmpty && !error.advice.isEmpty)
        }
    }
}
