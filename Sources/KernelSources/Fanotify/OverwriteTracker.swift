internal import EventModel

/// Finds out which renames overwrote another file. The rename itself does not say; but the kernel reports the link
/// count of the overwritten inode right after it, without a name, under the same process.
///
/// A link or an unlink reports the link count in the same way, just before its own event: then the suspicion is
/// taken back.
struct OverwriteTracker {
    private enum State {
        case renamed(path: ByteString, object: FileObjectID?)
        case suspected(path: ByteString, overwritten: FileObjectID)
    }

    /// What an event says about an earlier rename.
    struct Finding {
        var path: ByteString
        var operation: FileOperations
    }

    /// The last rename of each process; forgotten with the next event of it.
    private var states: [Int32: State] = [:]
    /// The object whose link count each process changed last.
    private var linkCounts: [Int32: FileObjectID] = [:]
    private static let limit = 512

    mutating func noteRename(pid: Int32, to path: ByteString, object: FileObjectID?) {
        if states.count >= Self.limit { states.removeAll(keepingCapacity: true) }
        states[pid] = .renamed(path: path, object: object)
    }

    /// The link count of `object` has changed.
    mutating func noteLinkCount(pid: Int32, of object: FileObjectID?) -> Finding? {
        guard let object else { return nil }
        if linkCounts.count >= Self.limit { linkCounts.removeAll(keepingCapacity: true) }
        linkCounts[pid] = object
        guard case .renamed(let path, let moved)? = states[pid], object != moved else { return nil }
        states[pid] = .suspected(path: path, overwritten: object)
        return Finding(path: path, operation: .overwroteTarget)
    }

    /// Whether the name that `pid` has just made for `object` is a further one: `link(2)` reports the link count first.
    mutating func isLink(pid: Int32, _ object: FileObjectID?) -> Bool {
        guard let object, linkCounts[pid] == object else { return false }
        linkCounts[pid] = nil
        return true
    }

    /// Another event of `pid` with a name.
    mutating func noteOther(pid: Int32, _ operations: FileOperations, object: FileObjectID?) -> Finding? {
        guard !states.isEmpty, let state = states.removeValue(forKey: pid) else { return nil }
        guard case .suspected(let path, let overwritten) = state, object == overwritten,
            !operations.isDisjoint(with: [.created, .deleted])
        else { return nil }
        return Finding(path: path, operation: .overwriteRevoked)
    }
}
