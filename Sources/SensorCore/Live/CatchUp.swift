/// Says when all has been read from a queue that waited in it earlier. One that is never empty is caught up with, too.
struct CatchUp {
    /// What has been read when all has that waited at the last success.
    private var goal: UInt64 = 0

    /// Whether all has been read that waited when this last was so.
    ///
    /// - Parameters:
    ///   - waiting: what waits in the queue, found out before `read`: what is read in between is then waited for twice
    ///     rather than left out.
    ///   - read: what has been read from it so far.
    mutating func note(waiting: UInt64, read: UInt64) -> Bool {
        guard waiting == 0 || read >= goal else { return false }
        goal = read &+ waiting
        return true
    }
}
