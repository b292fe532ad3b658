/// Somebody who had no business at the control socket.
package struct RefusedPeer: Equatable, Sendable {
    package var uid: UInt32
    /// Of the last attempt; it may have ended since.
    package var pid: Int32
    /// Since the last report about this user.
    package var attempts: UInt64
}

/// Who was refused: a user is reported at once, and then once a minute as long as attempts go on, so that nobody can
/// flood the alerts. Sixteen users at a time; attempts of others are only counted.
struct RefusedPeers {
    private struct Entry {
        var peer: RefusedPeer
        /// Milliseconds on CLOCK_MONOTONIC.
        var reported: UInt64
    }

    private static let limit = 16
    private static let interval: UInt64 = 60_000
    private var entries: [Entry] = []

    /// Notes an attempt; what is to be reported now.
    mutating func note(uid: UInt32, pid: Int32, now: UInt64) -> RefusedPeer? {
        if let index = entries.firstIndex(where: { $0.peer.uid == uid }) {
            entries[index].peer.pid = pid
            entries[index].peer.attempts += 1
            return nil
        }
        guard entries.count < Self.limit else { return nil }
        entries.append(Entry(peer: RefusedPeer(uid: uid, pid: pid, attempts: 0), reported: now))
        return RefusedPeer(uid: uid, pid: pid, attempts: 1)
    }

    /// When `takeDue` has something to do.
    var nextDue: UInt64? { entries.map { $0.reported + Self.interval }.min() }

    /// What is to be reported of users whose minute is over; those who were quiet are forgotten.
    mutating func takeDue(now: UInt64) -> [RefusedPeer] {
        var due: [RefusedPeer] = []
        for index in entries.indices where entries[index].reported + Self.interval <= now {
            if entries[index].peer.attempts > 0 { due.append(entries[index].peer) }
            entries[index].reported = entries[index].peer.attempts > 0 ? now : 0
            entries[index].peer.attempts = 0
        }
        entries.removeAll { $0.reported == 0 }
        return due
    }
}
