internal import EventModel

/// The login users that one process has had, and what is certain about when. Nanoseconds on CLOCK_MONOTONIC.
///
/// No event tells when the login user is set: a look at the process and an audit record each say that it was in
/// force at some moment between two times.
struct LoginHistory {
    private struct Entry {
        var value: Attributed<LoginUser>
        /// It came into force somewhere in here.
        var since: ClosedRange<UInt64>
        /// The last moment at which it is certain to have been in force; `nil` when it was only inherited.
        var seen: UInt64?
    }

    private static let capacity = 5

    /// Oldest first.
    private var entries: [Entry] = []

    /// The newest.
    var present: Attributed<LoginUser> { entries.last?.value ?? .unknown }

    /// When the newest was seen last.
    var lastSeen: UInt64? { entries.last?.seen }

    /// The login user of the parent, in force since the birth; what was seen of the process itself stays.
    mutating func inherit(_ value: Attributed<LoginUser>) {
        if entries.last?.seen != nil { return }
        entries = value.isKnown ? [Entry(value: value, since: 0...0, seen: nil)] : []
    }

    /// `value` was in force at some moment in `window`. Returns whether it differs from what was known.
    mutating func observe(_ value: Attributed<LoginUser>, in window: ClosedRange<UInt64>) -> Bool {
        guard var newest = entries.popLast() else {
            entries = [Entry(value: value, since: 0...window.upperBound, seen: window.lowerBound)]
            return true
        }
        defer { entries.append(newest) }
        guard newest.value.value != value.value else {
            newest.value.improve(with: value)
            newest.seen = max(newest.seen ?? 0, window.lowerBound)
            let upper = min(newest.since.upperBound, window.upperBound)
            newest.since = min(newest.since.lowerBound, upper)...upper
            return false
        }
        // The old one was in force when it was last seen, or at its beginning.
        let changed = min(newest.seen ?? newest.since.lowerBound, window.upperBound)
        replace(&newest, by: Entry(value: value, since: changed...window.upperBound, seen: window.lowerBound))
        return true
    }

    /// As `observe`, for one that is known exactly already; `false`, and nothing noted, when it is not.
    mutating func see(_ user: LoginUser, in window: ClosedRange<UInt64>) -> Bool {
        guard let last = entries.indices.last, entries[last].value.value == user,
            entries[last].value.provenance == .exact, entries[last].since.upperBound <= window.upperBound
        else { return false }
        entries[last].seen = max(entries[last].seen ?? 0, window.lowerBound)
        return true
    }

    /// `value` was set at some moment in `window`, and what was there before lasted until then.
    mutating func set(_ value: Attributed<LoginUser>, in window: ClosedRange<UInt64>) {
        let entry = Entry(value: value, since: window, seen: window.lowerBound)
        guard var newest = entries.popLast() else {
            entries = [entry]
            return
        }
        newest.seen = max(newest.seen ?? 0, window.lowerBound)
        replace(&newest, by: entry)
        entries.append(newest)
    }

    private mutating func replace(_ newest: inout Entry, by entry: Entry) {
        entries.append(newest)
        if entries.count >= Self.capacity { entries.removeFirst() }
        newest = entry
    }

    /// The one in force from `from` to `to`; unknown when another may have been at some moment of these.
    ///
    /// - Parameter lasts: whether the newest, last seen at the given moment (`nil`: only at birth), is still in force at
    ///   `to`.
    func value(from: UInt64, to: UInt64, lasts: (_ seen: UInt64?) -> Bool) -> Attributed<LoginUser> {
        var nextFrom: UInt64?
        for entry in entries.reversed() {
            if from >= entry.since.upperBound {
                if let nextFrom { return to <= nextFrom ? entry.value : .unknown }
                if let seen = entry.seen, seen >= to { return entry.value }
                return lasts(entry.seen) ? entry.value : .unknown
            }
            if to > entry.since.lowerBound, entry.since.upperBound > 0 { return .unknown }
            nextFrom = entry.since.lowerBound
        }
        return .unknown
    }
}
