internal import EventModel
internal import ProcessTable

/// Finished changes that wait for their "who": until the process is known well enough, or a deadline.
package struct Outbox {
    private struct Waiting {
        var draft: ChangeDraft
        var deadline: UInt64
    }

    private var waiting: [Waiting] = []

    package init() {}

    package var count: Int { waiting.count }

    /// CLOCK_MONOTONIC nanoseconds of the first deadline.
    package var nextDeadline: UInt64? { waiting.lazy.map(\.deadline).min() }

    package mutating func append(_ draft: ChangeDraft, deadline: UInt64) {
        waiting.append(Waiting(draft: draft, deadline: deadline))
    }

    /// Hands over what `isReady` says is settled, and what has waited until its deadline, in the order of arrival.
    package mutating func release(
        now: UInt64, isReady: (ChangeDraft) -> Bool, deliver: (ChangeDraft) -> Void
    ) {
        guard !waiting.isEmpty else { return }
        var kept: [Waiting] = []
        for item in waiting {
            if item.deadline <= now || isReady(item.draft) {
                deliver(item.draft)
            } else {
                kept.append(item)
            }
        }
        waiting = kept
    }
}
