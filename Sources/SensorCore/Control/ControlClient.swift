internal import CSocket
internal import Glibc

/// Why the sensor could not be asked.
package enum ControlFailure: Error, Equatable, Sendable {
    /// Nobody listens there.
    case notRunning
    /// Its owner and root only.
    case notAllowed
    case failed(ControlProblem)
}

/// One question to a running sensor.
package enum ControlClient {
    private static let timeout: Int32 = 10
    private static let maximumAnswer = 1 << 20

    /// The answer, one JSON document. Waits 10 seconds at most for each step.
    package static func ask(_ request: ControlRequest, at path: String) throws(ControlFailure) -> [UInt8] {
        let socket = csocket_connect(path, timeout)
        guard socket >= 0 else { throw failure(-socket, path) }
        defer { close(socket) }
        let line = request.line
        let sent = csocket_send(socket, line, line.count)
        guard sent == line.count else { throw failure(sent < 0 ? Int32(-sent) : EAGAIN, path) }
        return try receive(socket, path)
    }

    private static func receive(_ socket: Int32, _ path: String) throws(ControlFailure) -> [UInt8] {
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 16_384)
        while answer.count < maximumAnswer {
            let count = recv(socket, &room, room.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(errno, path) }
            if count == 0 { return answer }
            answer += room[..<count]
        }
        throw .failed(ControlProblem("\(path): the answer is too long"))
    }

    private static func failure(_ code: Int32, _ path: String) -> ControlFailure {
        switch code {
        case ENOENT, ECONNREFUSED, ENOTDIR: .notRunning
        case EACCES, EPERM: .notAllowed
        case EAGAIN: .failed(ControlProblem("\(path): the sensor does not answer; it hangs, restart it"))
        default: .failed(ControlProblem(path, errno: code))
        }
    }
}
