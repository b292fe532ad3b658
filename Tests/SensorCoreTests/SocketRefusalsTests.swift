import EventModel
import KernelDecoding
import Testing

@testable import SensorCore

@Suite struct SocketRefusalsTests {
    private static let socket: ByteString = "/run/vedette/control.sock"

    private func attempt(_ path: ByteString?, exit: Int64 = -13, user: UInt32 = 1_000) -> AuditFacts {
        var facts = AuditFacts(serial: 1, milliseconds: 0, readAt: 0, pid: 7)
        (facts.socketPath, facts.exitValue, facts.success) = (path, exit, false)
        facts.credentials = Credentials(user: user, effectiveUser: user, group: 0, effectiveGroup: 0)
        return facts
    }

    private func note(_ refusals: inout SocketRefusals, _ facts: AuditFacts, now: UInt64) -> RefusedAccess? {
        refusals.note(facts, now: now)
    }

    @Test(
        arguments: [
            "/run/vedette/control.sock", "//run/./vedette/x/../control.sock", "/var/run/vedette/control.sock",
            "/proc/self/root/run/vedette/control.sock", "vedette/control.sock", "../run/vedette/control.sock",
        ] as [ByteString])
    func knowsTheSocketByItsNames(path: ByteString) throws {
        var refusals = SocketRefusals(socket: Self.socket)
        let told = refusals.note(attempt(path), now: 0)
        let access = try #require(told)
        #expect(access.path == Self.socket && access.uid == 1_000 && access.pid == 7 && access.attempts == 1)
    }

    @Test(
        arguments: [
            nil, "/run/docker.sock", "control.sock", "/tmp/run/vedette/control.sock",
            "\0vedette/control.sock",
            "/run/vedette/control.sock/x", "/control.sock",
        ] as [ByteString?])
    func othersAreLeftAlone(path: ByteString?) {
        var refusals = SocketRefusals(socket: Self.socket)
        #expect(note(&refusals, attempt(path), now: 0) == nil && refusals.count == 0)
    }

    @Test func onlyWhatWasNotPermittedIsTold() {
        var refusals = SocketRefusals(socket: Self.socket)
        for exit: Int64 in [0, -2, -111] {
            #expect(note(&refusals, attempt(Self.socket, exit: exit), now: 0) == nil)
        }
    }

    @Test func aUserIsToldOnceAMinute() {
        var refusals = SocketRefusals(socket: Self.socket)
        let minute: UInt64 = 60_000_000_000
        #expect(note(&refusals, attempt(Self.socket), now: minute) != nil)
        for _ in 0..<3 { #expect(note(&refusals, attempt(Self.socket), now: minute) == nil) }
        #expect(note(&refusals, attempt(Self.socket, user: 2), now: minute) != nil)
        let early = refusals.takeDue(now: 2 * minute - 1_000_000)
        let due = refusals.takeDue(now: 2 * minute)
        #expect(early.isEmpty && due.map(\.attempts) == [3])
        #expect(refusals.count == 5)
    }
}
