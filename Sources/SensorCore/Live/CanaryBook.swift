/// What the canary that is under way should still be heard by. Reads no clock.
///
/// A place is a filesystem's identifier; sources that know no places have one, 0.
struct CanaryBook {
    /// What came of a canary, for one source.
    enum Outcome: Equatable {
        case heard
        /// Not in these places, although nothing waits in a queue.
        case silent(Set<UInt64>)
    }

    /// Nanoseconds.
    static let patience: UInt64 = 5_000_000_000

    private var awaited: [SourceName: Set<UInt64>] = [:]
    private var heard: [SourceName: Set<UInt64>] = [:]
    private var excused: Set<SourceName> = []
    private var deadline: UInt64 = .max

    /// Whether everything about the last canary is decided.
    var isSettled: Bool { awaited.isEmpty }

    /// A new canary is about to be made: nothing was heard of it yet.
    mutating func begin() { self = CanaryBook() }

    mutating func hear(_ source: SourceName, in place: UInt64 = 0) {
        heard[source, default: []].insert(place)
    }

    /// `source` has lost events, or is opened anew: its silence about the canary under way means nothing.
    mutating func excuse(_ source: SourceName) { excused.insert(source) }

    /// The canary is complete: from `now` (CLOCK_MONOTONIC nanoseconds) on it should be heard.
    mutating func await(_ places: [SourceName: Set<UInt64>], now: UInt64) {
        awaited = places.filter { !$0.value.isEmpty }
        deadline = now &+ Self.patience
    }

    /// What can be said by `now`, each thing once. `isDrained` is asked only about sources whose time is up: a
    /// queue with something in it gets more.
    mutating func settle(now: UInt64, isDrained: (SourceName) -> Bool) -> [SourceName: Outcome] {
        var outcomes: [SourceName: Outcome] = [:]
        for (source, places) in awaited {
            let missing = places.subtracting(heard[source] ?? [])
            if missing.isEmpty {
                outcomes[source] = .heard
            } else if excused.contains(source) {
                awaited[source] = nil
            } else if now >= deadline, isDrained(source) {
                outcomes[source] = .silent(missing)
            }
        }
        for source in outcomes.keys { awaited[source] = nil }
        return outcomes
    }
}
