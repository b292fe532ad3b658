internal import CWait
internal import Glibc
internal import Synchronization

/// What one thread hands another, in order, without ever waiting for it.
final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isIdle = true
        var refused: UInt64 = 0
    }

    private let state = Mutex(State())
    private let limit: Int
    /// An eventfd, readable when there may be something.
    let descriptor: Int32

    /// - Parameter limit: the most items that wait.
    /// - Returns: `nil` when the host refuses a descriptor.
    init?(limit: Int) {
        self.limit = limit
        descriptor = cwait_open_event()
        if descriptor < 0 { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Hands over `item`, or refuses and counts it when too many wait and it is not `urgent`.
    func post(_ item: Item, urgent: Bool = false) {
        let wakes = state.withLock { state in
            guard urgent || state.items.count < limit else {
                state.refused += 1
                return false
            }
            state.items.append(item)
            defer { state.isIdle = false }
            return state.isIdle
        }
        if wakes { cwait_signal_event(descriptor) }
    }

    /// Moves what has come in into `items`, which must be empty; returns how many were refused since the last time.
    func take(into items: inout [Item]) -> UInt64 {
        state.withLock { state in
            swap(&items, &state.items)
            defer { state.refused = 0 }
            return state.refused
        }
    }

    /// Items that wait.
    var count: Int { state.withLock { $0.items.count } }

    /// Waits until there is something, `timeout` milliseconds at most.
    func wait(timeout: Int32) {
        let isEmpty = state.withLock { state in
            state.isIdle = state.items.isEmpty
            return state.isIdle
        }
        if isEmpty { _ = cwait_await_event(descriptor, timeout) }
    }
}
