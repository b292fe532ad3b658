import EventModel
import EventRing
import Foundation
import KernelSources
import Testing

/// A directory of its own on the root filesystem, gone at the end.
final class Scratch {
    let path: String
    init(_ name: String = #function, in parent: String = "/var/tmp") {
        let word = name.prefix { $0.isLetter }
        path = "\(parent)/vedette-\(word)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(path, 0o755)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
    func bytes(_ name: String) -> ByteString { ByteString("\(path)/\(name)") }
}

/// Runs a shell command to its end: our own events are left out, so somebody else must make them.
@discardableResult
func shell(_ command: String) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    guard (try? process.run()) != nil else { return -1 }
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command)")
    return process.processIdentifier
}

/// Whether this process may open fanotify groups; says so when not.
func hasSystemAdmin() -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
        let line = status.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
        let bits = UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16)
    else { return false }
    if bits & (1 << 21) == 0 { print("SKIPPED: needs CAP_SYS_ADMIN") }
    return bits & (1 << 21) != 0
}
