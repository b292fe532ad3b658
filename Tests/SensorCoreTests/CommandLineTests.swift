import Foundation
import Testing

/// The command line as it was built beside these tests.
@Suite struct CommandLineTests {
    private let directory: TestDirectory
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("vedette")

    init() throws { directory = try TestDirectory() }

    private func run(_ arguments: [String], output: String = "/dev/null") throws -> (Int32, String) {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        process.standardOutput = FileHandle(forWritingAtPath: output)
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }

    @Test func aListThatCannotBeWrittenIsNoSuccess() throws {
        let (root, tree) = (directory.path + "/root", directory.path + "/tree")
        try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
        #expect(try run(["fim", "scan", "--root", root, tree]).0 == 0)
        #expect(try run(["fim", "list", "--root", root]).0 == 0)
        for command in ["list", "show"] {
            let (code, errors) = try run(["fim", command, "--root", root, tree], output: "/dev/full")
            #expect(code == 1 && errors == "vedette: standard output cannot be written\n")
        }
    }

    /// As of `vedette run`, which systemd does not start again after it.
    @Test func aWrongConfigurationIsExitCodeTwo() throws {
        let file = directory.path + "/wrong.yml"
        try directory.write("fim: [", to: file)
        for arguments in [["check", file], ["check", "--json", file], ["show", file]] {
            #expect(try run(["config"] + arguments).0 == 2)
        }
    }

    @Test func aRunSaysItsMessagesAsJSONLines() throws {
        let file = directory.path + "/wrong.yml"
        try directory.write("fim: [", to: file)
        let (code, errors) = try run(["run", "--json", "--config", file, "--root", directory.path])
        let line = try #require(
            JSONSerialization.jsonObject(with: Data(errors.utf8)) as? [String: Any])
        #expect(code == 2 && (line["message"] as? String)?.hasPrefix(file) == true)
        #expect((line["event"] as? [String: String])?["dataset"] == "vedette.console")
    }
}
