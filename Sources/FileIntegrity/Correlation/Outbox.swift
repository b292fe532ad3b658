internal import EventModel
internal import ProcessTable

/// Finished changes that wait for their "who": until the process is known well enough, or a deadline.
struct Outbox {
    private struct Waiting {
        var draft: ChangeDraft
        /// CLOCK_MONOTONIC nanoseconds.
        var deadline: UInt64
    }

    /// Beyond this the older half goes out as it is.
    static let capacity = 2_048

    private var waiting: [Waiting] = []

    var isEmpty: Bool { waiting.isEmpty }

    /// CLOCK_MONOTONIC nanoseconds of the first deadline.
    var nextDeadline: UInt64? { waiting.lazy.map(\.deadline).min() }

    mutating func append(_ draft: ChangeDraft, deadline: UInt64, deliver: (ChangeDraft) -> Void) {
        if waiting.count == Self.capacity {
            for item in waiting.prefix(Self.capacity / 2) { deliver(item.draft) }
            waiting.removeFirst(Self.capacity / 2)
        }
        waiting.append(Waiting(draft: draft, deadline: deadline))
    }

    /// Hands over what `isReady` says is settled, and what has waited until its deadline, in the order of arrival.
    mutating func release(now: UInt64, isReady: (ChangeDraft) -> Bool, deliver: (ChangeDraft) -> Void) {
        waiting.removeAll { item in
            guard item.deadline <= now || isReady(item.draft) else { return false }
            deliver(item.draft)
            return true
        }
    }
}
