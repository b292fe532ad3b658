internal import CSocket
internal import CWait
internal import Glibc
internal import Synchronization

/// The control socket and the metrics, on a thread of their own. Nothing that a client does or leaves undone holds up
/// anybody else, or grows beyond a bound: 16 clients of the control socket and 8 of the metrics, 4 KB for a request, 64
/// KB for an answer, 5 seconds for each step.
package final class ControlServer: Sendable {
    /// Called on the control thread with everything but `status`: it must not wait for anything. What takes longer is
    /// handed on together with the reply.
    package typealias Requests = @Sendable (ControlRequest, ControlReply) -> Void
    /// Called on the control thread.
    package typealias Refused = @Sendable (RefusedPeer) -> Void

    private let shared: ControlShared
    private let listeners = Mutex<[ListenerSeat]>([])
    private let thread = Mutex<pthread_t?>(nil)

    // A listener on its way to the control thread, which owns it from then on: made by `init` or `serveMetrics`, given
    // away once by `start` under the lock, and not touched here any more.
    private struct ListenerSeat: @unchecked Sendable {
        let listener: ControlListener
    }

    /// Listens at `path` (mode 0600), whose directory only its owner may write to.
    ///
    /// - Parameters:
    ///   - users: who may ask, by the credentials with which they connected.
    ///   - patience: milliseconds for each step of a client.
    ///   - refused: hears of everybody else who got as far: the permissions were changed.
    /// - Throws: `ControlProblem` when somebody listens there, or the kernel refuses.
    package init(
        path: String, board: StatusBoard, users: Set<UInt32> = [0, geteuid()], patience: UInt64 = 5_000,
        requests: @escaping Requests, refused: @escaping Refused = { _ in }
    ) throws(ControlProblem) {
        shared = ControlShared(
            board: board, users: users, patience: patience, mailbox: try ControlMailbox(), requests: requests,
            refused: refused)
        let listener = try ControlListener(path: path, mode: 0o600, .control, capacity: 16)
        let seat = ListenerSeat(listener: listener)
        listeners.withLock { $0.append(seat) }
    }

    deinit { stop() }

    /// Serves metrics too. Before `start`.
    ///
    /// - Returns: the port; 0 for a UNIX socket.
    /// - Throws: `ControlProblem`, after which the control socket can be served all the same.
    @discardableResult
    package func serveMetrics(at address: MetricsAddress) throws(ControlProblem) -> UInt16 {
        let listener =
            switch address {
            case .loopback(let port): try ControlListener(port: port, .metrics, capacity: 8)
            case .socket(let path): try ControlListener(path: path, mode: 0o660, .metrics, capacity: 8)
            }
        let port = csocket_port(listener.descriptor)
        let seat = ListenerSeat(listener: listener)
        listeners.withLock { $0.append(seat) }
        return port
    }

    /// Starts the thread. Once.
    package func start() throws(ControlProblem) {
        let seats = listeners.withLock { seats in
            defer { seats = [] }
            return seats
        }
        let loop = ControlLoop(shared, seats.map(\.listener))
        let started = ControlThread.start { loop.run() }
        guard let started else { throw ControlProblem("pthread_create(3)", errno: EAGAIN) }
        thread.withLock { $0 = started }
    }

    /// Ends the thread and removes the sockets. Waits for a call of `requests` or `refused` that is under way.
    package func stop() {
        shared.isStopping.store(true, ordering: .relaxed)
        cwait_signal_event(shared.mailbox.wake)
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let running { pthread_join(running, nil) }
        listeners.withLock { $0 = [] }
    }

    /// Attempts of others to speak with the control socket.
    package var refusedPeers: UInt64 { shared.refusals.load(ordering: .relaxed) }
}

/// What the control thread and the others have in common.
final class ControlShared: Sendable {
    let board: StatusBoard
    let users: Set<UInt32>
    let patience: UInt64
    let mailbox: ControlMailbox
    let requests: ControlServer.Requests
    let refused: ControlServer.Refused
    /// Set before the mailbox's event, and read after it: the event orders them.
    let isStopping = Atomic(false)
    let refusals = Atomic<UInt64>(0)

    init(
        board: StatusBoard, users: Set<UInt32>, patience: UInt64, mailbox: ControlMailbox,
        requests: @escaping ControlServer.Requests, refused: @escaping ControlServer.Refused
    ) {
        self.board = board
        self.users = users
        self.patience = patience
        self.mailbox = mailbox
        self.requests = requests
        self.refused = refused
    }
}

/// A thread with a small stack.
private enum ControlThread {
    private static let stackSize = 128 << 10

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    static func start(_ run: @escaping () -> Void) -> pthread_t? {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return nil }
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard failed == 0 else {
            body.release()
            return nil
        }
        return thread
    }
}
