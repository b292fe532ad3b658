internal import EventModel
internal import ProcessTable

/// Who does something in which directory: what one user action is made of.
struct ActionKey: Hashable {
    var pid: Int32
    var directory: ByteString
}

/// What is known of one path since the first event of the present action.
struct PendingEntry {
    enum Presence: Equatable {
        case absent
        case present(FileObjectID?)

        var isPresent: Bool { self != .absent }
    }

    var path: ByteString
    /// Before the action, and now.
    var initial: Presence
    var current: Presence
    /// What stands there now is not the object that stood there before.
    var isNewObject = false
    /// Where the object stood before the action, when a rename brought it here.
    var origin: ByteString?
    /// The object that a rename brought here was new, and its creation has been reported.
    var wasReported = false
    /// Where the object came from that was here for a while: this path is scratch of that one.
    var scratchOf: ByteString?
    /// Where the object is that left, which may have moved on since. Where one stood here before the action, that one:
    /// it is not deleted, whatever else comes and goes here.
    var movedTo: ByteString?
    var isDirectory: Bool
    var wasModified = false
    /// Written and not yet closed.
    var isOpen = false
    var changedAttributes = false
    var isLink = false
    /// The object that was last made or linked here, even when it is gone again.
    var arrived: FileObjectID?
    var overwroteTarget = false
    /// Stands in an overlay's lower layer; what happened in the upper one is a change of that file.
    var hasLower = false
    /// Who did the last thing that decides what the change is.
    var actor: Actor
    var source: FileEvent.Source
    var firstAt: UInt64
    var lastAt: UInt64
    var action: ActionKey

    init(path: ByteString, initial: Presence, event: FileEvent, actor: Actor) {
        self.path = path
        self.initial = initial
        current = initial
        isDirectory = event.isDirectory
        self.actor = actor
        source = event.source
        firstAt = event.readAt
        lastAt = event.readAt
        action = ActionKey(pid: event.pid, directory: path.parent)
    }

    /// What the path went through, as one change; `nil` when it is as it was, or when the change shows elsewhere.
    var kind: ChangeKind? {
        switch (initial, current) {
        case (.absent, .absent):
            return movedTo == nil ? .transient : nil
        case (.absent, .present):
            if origin != nil { return .renamed }
            return isLink ? .linked : .created
        case (.present, .absent):
            return movedTo == nil ? .deleted : nil
        case (.present, .present):
            if origin != nil, !wasReported || !isNewObject { return .renamed }
            if isNewObject { return .replaced }
            if wasModified { return .modified }
            return changedAttributes ? .attributes : nil
        }
    }

    /// Another object comes or goes than the one that was moved away.
    mutating func forgetMove() {
        if !initial.isPresent { movedTo = nil }
    }

    /// Whether what happened so far is all that it can become: content or attributes of a file that stays.
    var isPlain: Bool { initial.isPresent && current.isPresent && !isNewObject && origin == nil }
}
