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
    ///
    /// - Parameter extended: asked at the deadline; a later one, when it is worth waiting on.
    mutating func release(
        now: UInt64, isReady: (ChangeDraft) -> Bool, extended: (ChangeDraft) -> UInt64?,
        deliver: (ChangeDraft) -> Void
    ) {
        var remaining: [Waiting] = []
        for var item in waiting {
            if isReady(item.draft) {
                deliver(item.draft)
            } else if item.deadline > now {
                remaining.append(item)
            } else if let later = extended(item.draft) {
                item.deadline = later
                remaining.append(item)
            } else {
                deliver(item.draft)
            }
        }
        waiting = remaining
    }
}
