import EventModel
import Foundation
import Reporting
import Synchronization

@testable import SensorCore

/// A directory of a test's own, removed with it.
final class TestDirectory {
    let path: String

    init() {
        var template = Array("/tmp/vedette-control.XXXXXX".utf8CString)
        _ = mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A server in a directory of its own, and what it was asked.
final class TestServer {
    let directory = TestDirectory()
    let board = StatusBoard()
    let requests = Log<ControlRequest>()
    let peers = Log<RefusedPeer>()
    /// Requests for `rotate`, which nobody answers until a test does.
    let held = Log<ControlReply>()
    let server: ControlServer
    var path: String { directory.path + "/control.sock" }

    init(users: Set<UInt32> = [geteuid()], patience: UInt64 = 5_000) throws {
        board.publish(sampleReport)
        let (requests, held, peers) = (requests, held, peers)
        server = try ControlServer(
            path: directory.path + "/control.sock", board: board, users: users, patience: patience,
            requests: { request, reply in
                requests.append(request)
                if request == .rotate { held.append(reply) } else { reply.send(.done("done")) }
            }, refused: { peers.append($0) })
    }

    deinit { server.stop() }

    /// The answer to `status`; it is the proof that the server still serves.
    func status() throws(ControlFailure) -> [UInt8] { try ControlClient.ask(.status, at: path) }
}

var sampleReport: StatusReport {
    var report = StatusReport(version: "1", pid: 2, started: 3, time: 4, configuration: "/c")
    report.coverage = [CoverageEntry(source: "fanotify", state: .live)]
    return report
}

/// A list that several threads may write.
final class Log<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func append(_ element: Element) { elements.withLock { $0.append(element) } }
    func removeAll() { elements.withLock { $0 = [] } }
    var all: [Element] { elements.withLock { $0 } }
}

/// A socket of a hostile client.
final class RawClient {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    convenience init(path: String) {
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = unixAddress(path)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        self.init(socket)
    }

    convenience init(port: UInt16) {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        self.init(socket)
    }

    deinit { close(descriptor) }

    /// How many bytes the other end took.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Int {
        Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    @discardableResult
    func send(_ text: String) -> Int { send(Array(text.utf8)) }

    /// Whether the other end has closed, whatever is still to be read.
    var isClosed: Bool {
        var wait = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&wait, 1, 0) > 0 && wait.revents & Int16(POLLHUP) != 0
    }

    /// All that comes until the other end closes, 20 seconds at most.
    func receive() -> String {
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &room, room.count, 0), count > 0 { all += room[..<count] }
        return String(decoding: all, as: UTF8.self)
    }
}

func unixAddress(_ path: String) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    return address
}

/// Until `condition` holds, so many seconds at most; whether it does.
func eventually(within seconds: TimeInterval = 5, _ condition: () -> Bool) -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while !condition() {
        if Date() > deadline { return false }
        usleep(1_000)
    }
    return true
}
