import EventModel
import Foundation
import Reporting
import Testing

@testable import SensorCore

@Suite struct HostileClientTests {
    /// Fifteen of sixteen seats are taken by clients that do nothing; the next one is served as before.
    @Test func silentClientsHoldUpNobody() throws {
        let test = try TestServer()
        try test.server.start()
        let silent = (0..<15).map { _ in RawClient(path: test.path) }
        let start = Date()
        for _ in 0..<20 { #expect(try test.status() == sampleReport.json) }
        #expect(Date().timeIntervalSince(start) < 3)
        withExtendedLifetime(silent) {}
    }

    @Test func silentClientsAreEndedAndTellWhy() throws {
        let test = try TestServer(patience: 500)
        try test.server.start()
        let silent = (0..<16).map { _ in RawClient(path: test.path) }
        // There is no seat left: this one is served when theirs are free.
        #expect(try test.status() == sampleReport.json)
        for client in silent { #expect(client.receive().contains("ends with a line feed, within 5 seconds")) }
    }

    @Test func aHundredClientsAreAllServed() throws {
        let test = try TestServer()
        try test.server.start()
        let served = Log<Bool>()
        let path = test.path
        DispatchQueue.concurrentPerform(iterations: 100) { _ in
            let answer = try? ControlClient.ask(.status, at: path)
            served.append(answer == sampleReport.json)
        }
        #expect(served.all.count == 100)
        #expect(served.all.allSatisfy { $0 })
    }

    @Test func aRequestByteByByteIsARequest() throws {
        let test = try TestServer()
        try test.server.start()
        let client = RawClient(path: test.path)
        for byte in ControlRequest.scan("/etc").line {
            client.send([byte])
            usleep(1_000)
        }
        #expect(client.receive() == "{\"done\":\"done\"}\n")
        #expect(test.requests.all == [.scan("/etc")])
    }

    @Test func aHugeRequestIsRefusedAtItsBound() throws {
        let test = try TestServer()
        try test.server.start()
        let client = RawClient(path: test.path)
        client.send([UInt8](repeating: UInt8(ascii: "a"), count: 100_000))
        #expect(client.receive().contains("at most 4096 bytes"))
        #expect(try test.status() == sampleReport.json)
    }

    @Test func rubbishIsRefused() throws {
        let test = try TestServer()
        try test.server.start()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let client = RawClient(path: test.path)
            client.send((0..<200).map { _ in UInt8(truncatingIfNeeded: random.next()) } + [0x0a])
            #expect(client.receive().hasPrefix("{\"error\":"))
        }
        #expect(test.requests.all.isEmpty)
    }

    @Test func clientsThatGoAtAnyMomentDoNoHarm() throws {
        let test = try TestServer()
        try test.server.start()
        for text in ["", "sta", "status\n", "rotate\n", "scan\n", "\n\n\n"] {
            for _ in 0..<10 { RawClient(path: test.path).send(text) }
        }
        #expect(try test.status() == sampleReport.json)
        // Answers to those who have gone.
        for reply in test.held.all { reply.send(.done("late")) }
        #expect(try test.status() == sampleReport.json)
    }

    @Test func aClientThatClosesItsHalfIsAnswered() throws {
        let test = try TestServer()
        try test.server.start()
        let client = RawClient(path: test.path)
        client.send("rotate\n")
        shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(eventually { test.held.all.count == 1 })
        test.held.all.first?.send(.done("rotated"))
        #expect(client.receive() == "{\"done\":\"rotated\"}\n")
    }

    /// More than a socket's buffer holds: the sensor keeps the rest and goes on.
    @Test func aClientThatDoesNotReadHoldsUpNobody() throws {
        let test = try TestServer(patience: 500)
        var report = sampleReport
        report.configuration = String(repeating: "x", count: 1 << 20)
        test.board.publish(report)
        try test.server.start()
        let deaf = (0..<8).map { _ in RawClient(path: test.path) }
        for client in deaf { client.send("status\n") }
        #expect(try ControlClient.ask(.reload, at: test.path) == Array("{\"done\":\"done\"}\n".utf8))
        // Their time ends, and so does the connection: what they get is cut.
        #expect(deaf.allSatisfy { client in eventually { client.isClosed } })
        #expect(deaf.allSatisfy { $0.receive().utf8.count < 1 << 20 })
    }

    /// Requests of clients that have gone count too: the sensor's own thread is not flooded while it is busy.
    @Test func noMoreThanSixteenRequestsWaitForTheirAnswers() throws {
        let test = try TestServer()
        try test.server.start()
        for _ in 0..<16 {
            let client = RawClient(path: test.path)
            client.send("rotate\n")
            let before = test.held.all.count
            _ = eventually(within: 0.05) { test.held.all.count > before }
        }
        #expect(eventually { test.held.all.count == 16 })
        let late = RawClient(path: test.path)
        late.send("rotate\n")
        #expect(late.receive() == "{\"error\":\"the sensor is busy; ask again\"}\n")
        test.held.removeAll()
        #expect(try ControlClient.ask(.reload, at: test.path) == Array("{\"done\":\"done\"}\n".utf8))
    }

    @Test func aSensorThatDoesNotAnswerIsSaidToBeBusy() throws {
        let test = try TestServer(patience: 500)
        try test.server.start()
        let client = RawClient(path: test.path)
        client.send("rotate\n")
        #expect(client.receive().contains("busy: no answer within 5 seconds"))
    }
}

@Suite struct MetricsServerTests {
    @Test func servesWhatTheBoardHas() throws {
        let test = try TestServer()
        let port = try test.server.serveMetrics(at: .loopback(port: 0))
        try test.server.start()
        let client = RawClient(port: port)
        client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let response = client.receive()
        let parts = response.split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(response.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
        #expect(Array(parts[1].utf8) == sampleReport.metrics)
        #expect(parts[0].contains("Content-Length: \(sampleReport.metrics.count)"))
    }

    @Test func servesAtASocketForRootAndItsGroup() throws {
        let test = try TestServer()
        let path = test.directory.path + "/metrics.sock"
        try test.server.serveMetrics(at: .socket(path))
        try test.server.start()
        let client = RawClient(path: path)
        client.send("HEAD /metrics HTTP/1.0\n\n")
        #expect(client.receive().hasSuffix("Connection: close\r\n\r\n"))
        var state = stat()
        #expect(stat(path, &state) == 0 && state.st_mode & 0o7777 == 0o660)
    }

    @Test func silentScrapersTakeNoSeatOfTheControlSocket() throws {
        let test = try TestServer(patience: 500)
        let port = try test.server.serveMetrics(at: .loopback(port: 0))
        try test.server.start()
        let silent = (0..<20).map { _ in RawClient(port: port) }
        #expect(try test.status() == sampleReport.json)
        #expect(silent[0].receive().hasPrefix("HTTP/1.1 408"))
    }

    @Test(arguments: [
        ("GET /x HTTP/1.1\r\n\r\n", "404"), ("PUT /metrics HTTP/1.1\r\n\r\n", "405"), ("\0\u{1}\n\n", "400"),
        (String(repeating: "a", count: 50_000), "431"),
    ])
    func whatIsNoScrapeIsRefused(_ request: String, _ code: String) throws {
        let test = try TestServer()
        let port = try test.server.serveMetrics(at: .loopback(port: 0))
        try test.server.start()
        let client = RawClient(port: port)
        client.send(request)
        #expect(client.receive().hasPrefix("HTTP/1.1 \(code) "))
    }

    @Test func aPortThatIsTakenLeavesTheControlSocketAsItWas() throws {
        let (test, other) = (try TestServer(), try TestServer())
        let port = try other.server.serveMetrics(at: .loopback(port: 0))
        let problem = #expect(throws: ControlProblem.self) {
            try test.server.serveMetrics(at: .loopback(port: port))
        }
        #expect(problem?.message.contains("choose another port") == true)
        try test.server.start()
        #expect(try test.status() == sampleReport.json)
    }
}
