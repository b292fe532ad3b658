import Foundation
import Testing

@testable import SensorCore

@Suite struct InstanceTests {
    @Test func aSecondInstanceIsToldWhoRunsAndWhatToDo() throws {
        let directory = TestDirectory()
        let runtime = RuntimeDirectory(root: directory.path + "/")
        try runtime.make()
        #expect(runtime.controlSocket == directory.path + "/run/vedette/control.sock")
        let first = try InstanceLock(runtime)
        let problem = refusal(runtime)
        #expect(problem?.message.contains("(pid \(getpid()))") == true)
        #expect(problem?.message.contains("kill \(getpid())") == true)
        #expect(problem?.message.contains("--root") == true)
        withExtendedLifetime(first) {}
    }

    @Test func theLockOfAKilledInstanceIsFree() throws {
        let directory = TestDirectory()
        let runtime = RuntimeDirectory(root: directory.path)
        try runtime.make()
        try "4711\n".write(toFile: runtime.processIdentifier, atomically: false, encoding: .utf8)
        let lock = try InstanceLock(runtime)
        #expect(try String(contentsOfFile: runtime.processIdentifier, encoding: .utf8) == "\(getpid())\n")
        withExtendedLifetime(lock) {}
    }

    @Test func whatTheLockFileSaysIsNotTrusted() throws {
        let directory = TestDirectory()
        let runtime = RuntimeDirectory(root: directory.path)
        try runtime.make()
        let first = try InstanceLock(runtime)
        try String(repeating: "9", count: 5_000).write(
            toFile: runtime.processIdentifier, atomically: false, encoding: .utf8)
        #expect(refusal(runtime)?.message.contains("its pid is not in") == true)
        withExtendedLifetime(first) {}
    }

    @Test func aDirectoryThatOthersMayWriteToIsRefused() throws {
        let directory = TestDirectory()
        let runtime = RuntimeDirectory(root: directory.path)
        try runtime.make()
        try runtime.make()
        var state = stat()
        #expect(stat(runtime.path, &state) == 0 && state.st_mode & 0o7777 == 0o750)
        chmod(runtime.path, 0o777)
        let problem = #expect(throws: ControlProblem.self) { try runtime.make() }
        #expect(problem?.message.contains("chmod 750") == true)
    }

    private func refusal(_ runtime: RuntimeDirectory) -> ControlProblem? {
        do throws(ControlProblem) {
            _ = try InstanceLock(runtime)
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct NotifierTests {
    /// A service manager's socket, in the file system and in the abstract namespace.
    @Test(arguments: [false, true]) func tellsTheServiceManager(isAbstract: Bool) throws {
        let directory = TestDirectory()
        let path = isAbstract ? "@vedette-test-\(getpid())" : directory.path + "/notify"
        let manager = RawClient(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
        var address = unixAddress(path)
        if isAbstract { address.sun_path.0 = 0 }
        let length = MemoryLayout<sa_family_t>.size + path.utf8.count
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(manager.descriptor, $0, socklen_t(length))
            }
        }
        #expect(bound == 0)
        let environment = ["NOTIFY_SOCKET": path]
        let notifier = Notifier { environment[$0] }
        #expect(notifier.ready("5 of 6\nlive"))
        #expect(notifier.reloading() && notifier.stopping() && notifier.beat())
        let messages = (0..<4).map { _ in message(manager) }
        #expect(messages[0] == "READY=1\nSTATUS=5 of 6 live\n")
        #expect(messages[1].hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(Array(messages[2...]) == ["STOPPING=1\n", "WATCHDOG=1\n"])
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": "vsock:2:1"], ["NOTIFY_SOCKET": "/nowhere/at/all"], ["NOTIFY_SOCKET": ""],
        ["NOTIFY_SOCKET": "/" + String(repeating: "a", count: 500)],
    ])
    func withoutOneItDoesNothing(_ environment: [String: String]) {
        #expect(!Notifier { environment[$0] }.ready(""))
    }

    private func message(_ manager: RawClient) -> String {
        var room = [UInt8](repeating: 0, count: 2_000)
        let count = recv(manager.descriptor, &room, room.count, Int32(MSG_DONTWAIT))
        return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
    }
}

@Suite struct OwnUsageTests {
    @Test func isWhatTheKernelSays() throws {
        let usage = OwnUsage.now
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        let kilobytes = try #require(UInt64(line.filter(\.isNumber)))
        #expect(usage.memory > kilobytes / 2 && usage.memory < kilobytes * 2)
        #expect(usage.processorTime > 0)
        #expect(OwnUsage.now.processorTime >= usage.processorTime)
    }
}
