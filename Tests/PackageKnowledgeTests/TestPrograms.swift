import Foundation
import Testing

/// Runs a program to its end, which has to be a good one.
func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let isDone = process.terminationStatus == 0
    try #require(isDone, "\(arguments): \(String(decoding: output, as: UTF8.self))")
}

/// Whether this is root and has the programs; says so when not.
func canRun(_ programs: String..., what: String) -> Bool {
    let can = getuid() == 0 && programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    if !can { print("SKIPPED: \(what) need root and \(programs.joined(separator: ", "))") }
    return can
}
