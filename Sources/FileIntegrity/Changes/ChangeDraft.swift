package import EventModel
package import ProcessTable

/// A finished change and who is behind it; the attribution is written out when it is settled.
package struct ChangeDraft {
    package var change: FileChange
    package var actor: Actor
    /// CLOCK_MONOTONIC nanoseconds of the event that completed the change.
    package var completedAt: UInt64
    /// Nothing is to be told: of what came to this path and left again other changes tell.
    package var isQuiet = false

    package init(change: FileChange, actor: Actor, completedAt: UInt64) {
        self.change = change
        self.actor = actor
        self.completedAt = completedAt
    }
}
