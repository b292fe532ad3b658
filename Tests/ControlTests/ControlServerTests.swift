import EventModel
import Foundation
import Reporting
import Testing

@testable import SensorCore

@Suite struct ControlServerTests {
    @Test func answersStatusFromTheBoard() throws {
        let test = try TestServer()
        try test.server.start()
        #expect(try test.status() == sampleReport.json)
        var newer = sampleReport
        newer.pid = 99
        test.board.publish(newer)
        #expect(try test.status() == newer.json)
        #expect(test.requests.all.isEmpty)
    }

    @Test func handsOtherRequestsOn() throws {
        let test = try TestServer()
        try test.server.start()
        let answer = try ControlClient.ask(.show("/etc/passwd"), at: test.path)
        #expect(answer == Array("{\"done\":\"done\"}\n".utf8))
        #expect(test.requests.all == [.show("/etc/passwd")])
    }

    @Test func anAnswerMayComeLaterFromAnotherThread() throws {
        let test = try TestServer()
        try test.server.start()
        let client = RawClient(path: test.path)
        client.send("rotate\n")
        #expect(eventually { test.held.all.count == 1 })
        test.held.all.first?.send(.document(Array("{\"a\":1}\n".utf8)))
        #expect(client.receive() == "{\"a\":1}\n")
    }

    @Test func aReplyThatIsThrownAwayIsAnAnswerToo() throws {
        let test = try TestServer()
        try test.server.start()
        let client = RawClient(path: test.path)
        client.send("rotate\n")
        #expect(eventually { test.held.all.count == 1 })
        test.held.removeAll()
        #expect(client.receive() == "{\"error\":\"the sensor did not answer\"}\n")
    }

    @Test func anAnswerThatIsTooLongIsReplaced() {
        let answer = ControlAnswer.document([UInt8](repeating: 0x31, count: 65_537))
        #expect(String(decoding: answer.bytes, as: UTF8.self).hasPrefix("{\"error\":"))
    }

    @Test func theSocketIsForItsOwnerOnlyAndGoesWithTheServer() throws {
        let test = try TestServer()
        try test.server.start()
        var state = stat()
        #expect(stat(test.path, &state) == 0)
        #expect(state.st_mode & 0o7777 == 0o600)
        test.server.stop()
        #expect(stat(test.path, &state) != 0)
        #expect(throws: ControlFailure.notRunning) { try test.status() }
    }

    @Test func aStoppedServerLeavesTheSocketOfAnotherAlone() throws {
        let test = try TestServer()
        try test.server.start()
        unlink(test.path)
        let second = try ControlServer(path: test.path, board: test.board, requests: { _, _ in })
        try second.start()
        test.server.stop()
        #expect(try test.status() == sampleReport.json)
        second.stop()
    }

    @Test func replacesTheSocketOfAKilledInstanceAndRefusesALiveOne() throws {
        let directory = TestDirectory()
        let path = directory.path + "/control.sock"
        let killed = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = unixAddress(path)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(killed, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(killed)
        let first = try ControlServer(path: path, board: StatusBoard(), requests: { _, _ in })
        try first.start()
        let problem = #expect(throws: ControlProblem.self) {
            try ControlServer(path: path, board: StatusBoard(), requests: { _, _ in })
        }
        #expect(problem?.message.contains("another vedette listens there") == true)
        first.stop()
    }

    @Test func aFileInTheWayIsNotRemoved() throws {
        let directory = TestDirectory()
        let path = directory.path + "/control.sock"
        try "mine".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(throws: ControlProblem("\(path) is in the way and no socket; remove it")) {
            try ControlServer(path: path, board: StatusBoard(), requests: { _, _ in })
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }

    @Test func aPathThatIsTooLongIsSaid() {
        let path = "/tmp/" + String(repeating: "a", count: 103)
        let problem = #expect(throws: ControlProblem.self) {
            try ControlServer(path: path, board: StatusBoard(), requests: { _, _ in })
        }
        #expect(problem?.message.contains("at most 107 bytes") == true)
    }

    @Test func beforeTheFirstReportItSaysThatItStarts() throws {
        let directory = TestDirectory()
        let path = directory.path + "/control.sock"
        let server = try ControlServer(path: path, board: StatusBoard(), requests: { _, _ in })
        try server.start()
        let answer = try ControlClient.ask(.status, at: path)
        #expect(
            String(decoding: answer, as: UTF8.self) == "{\"error\":\"the sensor is starting; ask again\"}\n")
        server.stop()
    }
}

@Suite struct RefusedUserTests {
    @Test func whoMayNotAskIsRefusedAndReported() throws {
        let test = try TestServer(users: [])
        try test.server.start()
        for _ in 0..<50 {
            let client = RawClient(path: test.path)
            client.send("status\n")
            #expect(client.receive() == "{\"error\":\"only root and the sensor's own user may ask\"}\n")
        }
        #expect(test.peers.all == [RefusedPeer(uid: geteuid(), pid: getpid(), attempts: 1)])
        #expect(test.server.refusedPeers == 50)
        #expect(test.requests.all.isEmpty)
    }

    /// Another user in truth: stopped by the permissions, and by the credentials when these were changed.
    @Test(.enabled(if: geteuid() == 0, "needs root")) func anotherUserIsStoppedTwice() throws {
        let test = try TestServer(users: [0])
        try test.server.start()
        chmod(test.directory.path, 0o755)
        #expect(try nobody(asks: test.path).contains("Permission denied"))
        #expect(test.server.refusedPeers == 0)
        chmod(test.path, 0o666)
        #expect(try nobody(asks: test.path).contains("only root"))
        #expect(eventually { test.peers.all.map(\.uid) == [65_534] })
        #expect(try test.status() == sampleReport.json)
    }

    private func nobody(asks path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script = """
            import os, socket, sys
            os.setgid(65534); os.setuid(65534)
            client = socket.socket(socket.AF_UNIX); client.settimeout(10); client.connect(sys.argv[1])
            print(client.recv(1000).decode())
            """
        process.arguments = ["python3", "-c", script, path]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }
}
