internal import Synchronization

/// Requests on their way from the control thread to the main one.
final class RequestQueue: Sendable {
    private let waiting = Mutex<[(ControlRequest, ControlReply)]>([])

    func put(_ request: ControlRequest, _ reply: ControlReply) {
        waiting.withLock { $0.append((request, reply)) }
    }

    func take() -> [(ControlRequest, ControlReply)] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
