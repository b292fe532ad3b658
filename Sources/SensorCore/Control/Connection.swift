internal import CSocket
internal import Glibc

/// One client, from its first byte to the end. The control thread owns it.
final class Connection {
    enum Service {
        case control
        case metrics

        var maximumRequest: Int {
            switch self {
            case .control: ControlRequest.maximumLength
            case .metrics: MetricsRequest.maximumLength
            }
        }
    }

    enum Phase: Equatable {
        case receiving
        /// Somebody else works out the answer.
        case waiting(ticket: UInt64)
        case sending
        /// The answer is out; the client has its time to read it and go. Closing at once could take it back from TCP.
        case lingering
        case ended
    }

    private static let lingering: UInt64 = 1_000

    let service: Service
    /// Milliseconds for each phase, however busy the client is.
    private let patience: UInt64
    private let descriptor: Int32
    private(set) var phase = Phase.receiving
    /// Milliseconds on CLOCK_MONOTONIC.
    private(set) var deadline: UInt64
    private(set) var request: [UInt8] = []
    /// The client sends no more.
    private(set) var isHalfClosed = false
    private var answer: [UInt8] = []
    private var sent = 0

    init(_ descriptor: Int32, _ service: Service, patience: UInt64, now: UInt64) {
        self.descriptor = descriptor
        self.service = service
        self.patience = patience
        deadline = now + patience
    }

    deinit { close(descriptor) }

    /// What `poll(2)` is to wait for; that the client has gone is always told.
    var poll: pollfd {
        let events: Int16 =
            switch phase {
            case .receiving, .lingering: Int16(POLLIN)
            case .sending: Int16(POLLOUT)
            case .waiting, .ended: Int16(0)
            }
        return pollfd(fd: descriptor, events: events, revents: 0)
    }

    /// Takes what has come, as far as it fits into a request. `room` is scratch space.
    func receive(_ room: inout [UInt8]) {
        let wanted = min(room.count, service.maximumRequest - request.count)
        let count = recv(descriptor, &room, wanted, 0)
        if count > 0 {
            request += room[..<count]
        } else if count == 0 {
            isHalfClosed = true
        } else if errno != EAGAIN, errno != EINTR {
            phase = .ended
        }
    }

    func wait(for ticket: UInt64, now: UInt64) {
        (phase, deadline, request) = (.waiting(ticket: ticket), now + patience, [])
    }

    func answer(with bytes: [UInt8], now: UInt64) {
        (phase, deadline, request, answer) = (.sending, now + patience, [], bytes)
        send(now: now)
    }

    /// Sends as much as the client takes.
    func send(now: UInt64) {
        while sent < answer.count {
            let count = answer.withUnsafeBytes { bytes -> Int in
                guard let rest = bytes.baseAddress?.advanced(by: sent) else { return 0 }
                return csocket_send(descriptor, rest, bytes.count - sent)
            }
            if count == Int(-EAGAIN) { return }
            guard count > 0 else {
                phase = .ended
                return
            }
            sent += count
        }
        answer = []
        shutdown(descriptor, Int32(SHUT_WR))
        (phase, deadline) = (isHalfClosed ? .ended : .lingering, now + Self.lingering)
    }

    /// Throws away what comes after the request.
    func discard(_ room: inout [UInt8]) {
        let count = recv(descriptor, &room, room.count, 0)
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { phase = .ended }
    }

    func end() { phase = .ended }
}
