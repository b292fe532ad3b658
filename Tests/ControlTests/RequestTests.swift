import EventModel
import Testing

@testable import SensorCore

@Suite struct ControlRequestTests {
    @Test(
        arguments: [
            .status, .reload, .rotate, .scan(nil), .scan("/etc"), .show("/a b"),
            .show(ByteString([0x2f, 0xff, 0x0d])),
        ] as [ControlRequest])
    func isReadBackAsItWasWritten(_ request: ControlRequest) {
        #expect(ControlRequest.Received(request.line) == .request(request))
        for end in 0..<(request.line.count - 1) {
            #expect(ControlRequest.Received(Array(request.line[..<end])) == .incomplete)
        }
    }

    @Test(
        arguments: [
            ("", .unknown), ("Status", .unknown), ("status ", .unknown), ("fim show", .unknown),
            ("fim show ", .path),
            ("fim show a", .path), ("scan ", .path), ("scan ../x", .path), ("scan /a\0b", .path),
            ("\u{7f}\0", .unknown),
        ] as [(String, ControlRequest.Refusal)])
    func refusesWhatIsNone(_ line: String, _ refusal: ControlRequest.Refusal) {
        #expect(ControlRequest.Received(Array((line + "\n").utf8)) == .refused(refusal))
    }

    @Test func aLineHasABound() {
        let path = [UInt8(ascii: "/")] + [UInt8](repeating: UInt8(ascii: "a"), count: 4_096 - 7)
        let line = Array("scan ".utf8) + path
        #expect(line.count == 4_095)
        #expect(ControlRequest.Received(line) == .incomplete)
        #expect(ControlRequest.Received(line + [0x0a]) == .request(.scan(ByteString(path))))
        #expect(ControlRequest.Received(line + [0x61]) == .refused(.tooLong))
        #expect(ControlRequest.Received(line + [0x61, 0x0a]) == .refused(.tooLong))
    }
}

@Suite struct MetricsRequestTests {
    @Test(
        arguments: [
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", .metrics(body: true)),
            ("GET /metrics HTTP/1.0\n\n", .metrics(body: true)),
            ("HEAD /metrics?x=1 HTTP/1.1\r\n\r\n", .metrics(body: false)),
            ("GET / HTTP/1.1\r\n\r\n", .refused(.notFound)),
            ("POST /metrics HTTP/1.1\r\n\r\n", .refused(.method)),
            ("GET /metrics HTTP/2.0\r\n\r\n", .refused(.version)),
            ("GET /metrics\r\n\r\n", .refused(.bad)), ("GET  /metrics HTTP/1.1\r\n\r\n", .refused(.bad)),
            ("\r\n\r\n", .refused(.bad)), ("GET /metrics HTTP/1.1\r\nHost: a\r\n", .incomplete),
            ("", .incomplete),
            ("GET /metrics FTP/1.1\r\n\r\n", .refused(.bad)),
        ] as [(String, MetricsRequest)])
    func readsAsMuchOfHTTPAsItNeeds(_ text: String, _ wanted: MetricsRequest) {
        #expect(MetricsRequest(Array(text.utf8)) == wanted)
    }

    @Test func theHeadHasABound() {
        let line = Array("GET /metrics HTTP/1.1\r\nX: ".utf8)
        let filler = [UInt8](repeating: UInt8(ascii: "a"), count: 4_096)
        let short = line + filler[..<(4_092 - line.count)]
        #expect(MetricsRequest(short + Array("\r\n\r\n".utf8)) == .metrics(body: true))
        #expect(MetricsRequest(line + filler + Array("\r\n\r\n".utf8)) == .refused(.tooLong))
    }

}

@Suite struct RefusedPeersTests {
    @Test func aUserIsReportedAtOnceAndThenOnceAMinute() {
        var peers = RefusedPeers()
        #expect(peers.note(uid: 7, pid: 1, now: 100) == RefusedPeer(uid: 7, pid: 1, attempts: 1))
        for pid: Int32 in 2...50 { #expect(peers.note(uid: 7, pid: pid, now: 200) == nil) }
        #expect(peers.note(uid: 8, pid: 9, now: 200)?.uid == 8)
        #expect(peers.nextDue == 60_100)
        #expect(peers.takeDue(now: 60_099) == [])
        #expect(peers.takeDue(now: 60_100) == [RefusedPeer(uid: 7, pid: 50, attempts: 49)])
        #expect(peers.takeDue(now: 200_000) == [])
        #expect(peers.nextDue == nil)
        #expect(peers.note(uid: 7, pid: 3, now: 200_001)?.attempts == 1)
    }

    @Test func usersBeyondTheSixteenthAreNotReportedNorKept() {
        var peers = RefusedPeers()
        let reported = (0..<1_000).compactMap { peers.note(uid: $0, pid: 1, now: 1) }
        #expect(reported.count == 16)
    }
}
