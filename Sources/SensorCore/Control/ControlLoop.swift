internal import CSocket
internal import Glibc
internal import Reporting
internal import Synchronization

/// What the control thread does: waits for clients, answers, and ends those that take too long.
final class ControlLoop {
    private let shared: ControlShared
    private let listeners: [ControlListener]
    private var connections: [Connection] = []
    private var refused = RefusedPeers()
    private var polls: [pollfd] = []
    private var room = [UInt8](repeating: 0, count: 4_096)

    init(_ shared: ControlShared, _ listeners: [ControlListener]) {
        self.shared = shared
        self.listeners = listeners
    }

    /// Until the server is stopped.
    func run() {
        while !shared.isStopping.load(ordering: .relaxed) { turn() }
    }

    private func turn() {
        preparePolls(now: Self.now)
        // An interrupted wait has no results: the next turn looks again.
        guard poll(&polls, nfds_t(polls.count), timeout(now: Self.now)) >= 0 else { return }
        let now = Self.now
        if polls[0].revents != 0 { deliver(now: now) }
        for (connection, poll) in zip(connections, polls[(1 + listeners.count)...]) {
            advance(connection, Int32(poll.revents), now: now)
        }
        for peer in refused.takeDue(now: now) { shared.refused(peer) }
        connections.removeAll { $0.phase == .ended }
        for (listener, poll) in zip(listeners, polls[1...]) where poll.revents != 0 {
            accept(listener, now: now)
        }
    }

    /// The mailbox, the listeners, the connections, in this order.
    private func preparePolls(now: UInt64) {
        polls.removeAll(keepingCapacity: true)
        polls.append(pollfd(fd: shared.mailbox.wake, events: Int16(POLLIN), revents: 0))
        for listener in listeners {
            // poll(2) passes over negative descriptors.
            let isOpen = listener.pausedUntil <= now && freeSeats(listener) > 0
            polls.append(pollfd(fd: isOpen ? listener.descriptor : -1, events: Int16(POLLIN), revents: 0))
        }
        for connection in connections { polls.append(connection.poll) }
    }

    /// Milliseconds until there is something to do even when nobody does anything; -1 for never.
    private func timeout(now: UInt64) -> Int32 {
        let pauses = listeners.map(\.pausedUntil).filter { $0 > now }
        let due = (connections.map(\.deadline) + pauses + [refused.nextDue ?? .max]).min() ?? .max
        return due == .max ? -1 : Int32(clamping: due > now ? due - now : 0)
    }

    private func freeSeats(_ listener: ControlListener) -> Int {
        listener.capacity - connections.count { $0.service == listener.service }
    }

    private func accept(_ listener: ControlListener, now: UInt64) {
        for _ in 0..<freeSeats(listener) {
            let client = csocket_accept(listener.descriptor)
            guard client >= 0 else {
                if ![EAGAIN, EINTR, ECONNABORTED].contains(-client) { listener.pausedUntil = now + 1_000 }
                return
            }
            let connection = Connection(client, listener.service, patience: shared.patience, now: now)
            if listener.service == .metrics || isAllowed(client, now: now) { connections.append(connection) }
        }
    }

    /// Who may not ask is told so, as far as it takes it at once, and is not waited for.
    private func isAllowed(_ client: Int32, now: UInt64) -> Bool {
        var uid = UInt32.max
        var pid: Int32 = 0
        _ = csocket_peer(client, &uid, &pid)
        guard !shared.users.contains(uid) else { return true }
        let answer = ControlAnswer.failed("only root and the sensor's own user may ask").bytes
        _ = csocket_send(client, answer, answer.count)
        shared.refusals.add(1, ordering: .relaxed)
        if let peer = refused.note(uid: uid, pid: pid, now: now) { shared.refused(peer) }
        return false
    }

    /// Passes answers on to those who wait for them.
    private func deliver(now: UInt64) {
        for answer in shared.mailbox.take() {
            connections.first { $0.phase == .waiting(ticket: answer.ticket) }?.answer(
                with: answer.bytes, now: now)
        }
    }

    private func advance(_ connection: Connection, _ events: Int32, now: UInt64) {
        switch connection.phase {
        case .receiving where events != 0:
            connection.receive(&room)
            if connection.phase == .receiving { decide(connection, now: now) }
        case .waiting where events & (POLLHUP | POLLERR) != 0: connection.end()
        case .sending where events != 0: connection.send(now: now)
        case .lingering where events != 0: connection.discard(&room)
        default: break
        }
        if connection.deadline <= now { expire(connection, now: now) }
    }

    private func expire(_ connection: Connection, now: UInt64) {
        switch (connection.phase, connection.service) {
        case (.receiving, .control): refuse(connection, .unfinished, now: now)
        case (.receiving, .metrics): connection.answer(with: MetricsRequest.response(.timeout), now: now)
        case (.waiting, _):
            connection.answer(
                with: ControlAnswer.failed("the sensor is busy: no answer within 5 seconds").bytes, now: now)
        default: connection.end()
        }
    }

    /// Answers a request that is complete, or will never be.
    private func decide(_ connection: Connection, now: UInt64) {
        switch connection.service {
        case .control:
            switch ControlRequest.Received(connection.request) {
            case .incomplete: if connection.isHalfClosed { refuse(connection, .unfinished, now: now) }
            case .request(let request): answer(connection, request, now: now)
            case .refused(let refusal): refuse(connection, refusal, now: now)
            }
        case .metrics:
            switch MetricsRequest(connection.request) {
            case .incomplete: if connection.isHalfClosed { connection.end() }
            case .metrics(let body): connection.answer(with: metrics(body: body), now: now)
            case .refused(let refusal): connection.answer(with: MetricsRequest.response(refusal), now: now)
            }
        }
    }

    private func refuse(_ connection: Connection, _ refusal: ControlRequest.Refusal, now: UInt64) {
        connection.answer(with: ControlAnswer.failed(refusal.rawValue).bytes, now: now)
    }

    private func answer(_ connection: Connection, _ request: ControlRequest, now: UInt64) {
        if request == .status {
            let starting = ControlAnswer.failed("the sensor is starting; ask again").bytes
            connection.answer(with: shared.board.latest?.json ?? starting, now: now)
        } else if let ticket = shared.mailbox.open() {
            connection.wait(for: ticket, now: now)
            shared.requests(request, ControlReply(ticket: ticket, mailbox: shared.mailbox))
        } else {
            connection.answer(with: ControlAnswer.failed("the sensor is busy; ask again").bytes, now: now)
        }
    }

    private func metrics(body: Bool) -> [UInt8] {
        guard let report = shared.board.latest else { return MetricsRequest.response(.starting) }
        return MetricsRequest.response("200 OK", report.metrics, hasBody: body)
    }

    /// Milliseconds on CLOCK_MONOTONIC.
    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
