internal import CWait
internal import Glibc
internal import Synchronization

/// The way back to a client that has asked for something. Any thread may take it, at once or later; what is sent more
/// than 5 seconds after the request, or to a client that has gone, is dropped.
package final class ControlReply: Sendable {
    private let ticket: UInt64
    private let mailbox: ControlMailbox
    private let isSent = Atomic(false)

    init(ticket: UInt64, mailbox: ControlMailbox) {
        self.ticket = ticket
        self.mailbox = mailbox
    }

    /// The first answer counts.
    package func send(_ answer: ControlAnswer) {
        guard !isSent.exchange(true, ordering: .relaxed) else { return }
        mailbox.put(answer.bytes, for: ticket)
    }

    deinit { send(.failed("the sensor did not answer")) }
}

/// Answers on their way to the control thread, and what wakes it.
final class ControlMailbox: Sendable {
    struct Answer {
        var ticket: UInt64
        var bytes: [UInt8]
    }

    private struct State {
        var answers: [Answer] = []
        /// Tickets whose answers have not been taken yet.
        var open = 0
        var lastTicket: UInt64 = 0
    }

    /// Requests that may be unanswered at a time, also those of clients that have gone.
    private static let limit = 16
    private let state = Mutex(State())
    /// An eventfd.
    let wake: Int32

    init() throws(ControlProblem) {
        wake = cwait_open_event()
        if wake < 0 { throw ControlProblem("eventfd(2)", errno: -wake) }
    }

    deinit { close(wake) }

    /// A ticket for a request; `nil` when too many wait for their answers.
    func open() -> UInt64? {
        state.withLock { state in
            guard state.open < Self.limit else { return nil }
            state.open += 1
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    func put(_ bytes: [UInt8], for ticket: UInt64) {
        state.withLock { $0.answers.append(Answer(ticket: ticket, bytes: bytes)) }
        cwait_signal_event(wake)
    }

    func take() -> [Answer] {
        cwait_clear_event(wake)
        return state.withLock { state in
            let answers = state.answers
            state.answers = []
            state.open -= answers.count
            return answers
        }
    }
}
