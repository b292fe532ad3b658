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

    /// Takes what has come in into `items`, which must be empty, and gives its room for the next; returns how many
    /// were refused since the last time.
    func take(into items: inout [Item]) -> UInt64 {
        state.withLock { state in
            swap(&items, &state.items)
            defer { state.refused = 0 }
            return state.refused
        }
    }

    /// Waits until there is something, or `other` is readable, `timeout` milliseconds at most.
    func wait(or other: Int32, timeout: Int32) {
        let isEmpty = state.withLock { state in
            state.isIdle = state.items.isEmpty
            return state.isIdle
        }
        guard isEmpty else { return }
        var waits = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        poll(&waits, nfds_t(waits.count), timeout)
        if waits[0].revents != 0 { cwait_clear_event(descriptor) }
    }
}
