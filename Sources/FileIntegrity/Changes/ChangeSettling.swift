internal import EventModel
internal import ProcessTable

extension ChangeCoalescer {
    /// CLOCK_MONOTONIC nanoseconds at which `settleDue` has something to do next.
    package var nextDeadline: UInt64? {
        switch (deadlines.first, plainDeadlines.first) {
        case (let one?, let other?): min(one, other)
        case (let one, let other): one ?? other
        }
    }

    /// Emits what has waited long enough.
    package mutating func settleDue(now: UInt64, emit: (ChangeDraft) -> Void) {
        while let key = plainDeadlines.popDue(now: now) { settlePlain(of: key, emit: emit) }
        while let key = deadlines.popDue(now: now) {
            guard let action = actions[key], action.deadline <= now else { continue }
            settle(key, emit: emit)
        }
    }

    /// Emits everything that is pending: the stream has ended.
    package mutating func settleAll(emit: (ChangeDraft) -> Void) {
        settleDue(now: .max, emit: emit)
        for key in Array(actions.keys) { settle(key, emit: emit) }
    }

    /// A finished change of a file that stays needs no window.
    mutating func scheduleIfPlain(_ event: FileEvent) {
        guard let entry = entries[event.path], entry.isPlain, !entry.isOpen,
            entry.wasModified || entry.changedAttributes
        else { return }
        plainDeadlines.append(event.readAt &+ Self.plainSettle, entry.action)
    }

    /// Makes room. One action may not be enough: what was moved out of it waits with its new place.
    mutating func settleOldest(emit: (ChangeDraft) -> Void) {
        while entries.count > Self.maximumPending, let key = deadlines.popDue(now: .max) {
            settledEarly += UInt64(actions[key]?.count ?? 0)
            settle(key, emit: emit)
        }
    }

    /// Emits the one path as it stands and takes it out of its action.
    mutating func settle(path: ByteString, emit: (ChangeDraft) -> Void) {
        guard let entry = entries[path] else { return }
        remove(path)
        if let draft = makeDraft(entry) { emit(draft) }
    }

    private mutating func settlePlain(of key: ActionKey, emit: (ChangeDraft) -> Void) {
        guard let action = actions[key] else { return }
        let isDone = members(of: action, key).allSatisfy { path in
            entries[path].map { $0.isPlain && !$0.isOpen } ?? true
        }
        if isDone { settle(key, emit: emit) }
    }

    /// Emits one action: its changes, with the scratch files that came and went attached to the nearest of them.
    ///
    /// Draft after draft where nothing is to be attached: an action may have thousands of paths.
    private mutating func settle(_ key: ActionKey, emit: (ChangeDraft) -> Void) {
        guard let action = actions.removeValue(forKey: key) else { return }
        var (scratch, others, silent) = ([ByteString](), [ByteString](), [ByteString]())
        for path in members(of: action, key) {
            dropStaleOrigin(of: path)
            lookAgainAtCopyUp(of: path)
            switch entries[path]?.kind {
            case .transient?: scratch.append(path)
            case nil: silent.append(path)
            default: others.append(path)
            }
        }
        for path in silent where !followArrival(path, from: key) {
            if let entry = entries.removeValue(forKey: path) { tellQuietly(entry, emit: emit) }
        }
        var mains = others.prefix(Self.maximumOwners).compactMap { takeDraft(of: $0) }
        let loose = mains.isEmpty ? scratch : scratch.filter { !attach($0, to: &mains) }
        for draft in mains { emit(draft) }
        for path in others.dropFirst(Self.maximumOwners) + loose {
            if let draft = takeDraft(of: path) { emit(draft) }
        }
    }

    /// Leaves `path` to the action of the place to which its file was moved, while that is pending: should the
    /// file end there, it is told as the end of `path`.
    ///
    /// - Returns: `false`, and nothing is changed, when there is nothing to wait for.
    private mutating func followArrival(_ path: ByteString, from key: ActionKey) -> Bool {
        guard let departed = entries[path], departed.initial.isPresent, let target = departed.movedTo,
            let arrival = entries[target], arrival.origin == path, arrival.action != key
        else { return false }
        transfer(path, to: arrival.action)
        return true
    }

    private mutating func takeDraft(of path: ByteString) -> ChangeDraft? {
        entries.removeValue(forKey: path).flatMap { makeDraft($0) }
    }

    /// Before Linux 6.5 nothing tells of the write that a copy-up was made for.
    private mutating func lookAgainAtCopyUp(of path: ByteString) {
        guard var entry = entries[path], entry.hasLower, entry.current.isPresent, !entry.wasModified else {
            return
        }
        noteCopyUp(of: inspector.lowerState(of: path), as: inspector.state(of: path), into: &entry)
        entries[path] = entry
    }

    /// An editor's backup: the old name has a new file again, so the file that was moved aside is a new copy.
    private mutating func dropStaleOrigin(of path: ByteString) {
        guard let origin = entries[path]?.origin, entries[origin]?.current.isPresent ?? false else { return }
        entries[path]?.origin = nil
        // Of the move nobody is told.
        entries[origin]?.movedTo = nil
    }

    /// The paths of an action, each once.
    private func members(of action: Action, _ key: ActionKey) -> [ByteString] {
        var seen = Set<ByteString>(minimumCapacity: action.count)
        return action.paths.filter { entries[$0]?.action == key && seen.insert($0).inserted }
    }

    /// Gives the scratch file `path` to the change that it belongs to by name; `false`, and nothing changed, when
    /// there is none.
    private mutating func attach(_ path: ByteString, to mains: inout [ChangeDraft]) -> Bool {
        guard let entry = entries[path] else { return false }
        let main = mains.firstIndex { main in
            guard main.change.scratchPaths.count < Self.maximumScratchPaths else { return false }
            return entry.scratchOf == main.change.path
                || path.lastComponent.isScratchName(of: main.change.path.lastComponent)
        }
        guard let main else { return false }
        entries[path] = nil
        mains[main].change.scratchPaths.append(path)
        // A backup was linked, so there was a file: what looks new has taken its place.
        if entry.isLink, let backup = entry.arrived, mains[main].change.kind == .created,
            mains[main].change.inode != backup.inode
        {
            mains[main].change.kind = .replaced
        }
        return true
    }

    private mutating func makeDraft(_ entry: PendingEntry) -> ChangeDraft? {
        entry.kind.map { makeDraft(of: $0, entry) }
    }

    /// Of what came to the path of `entry` and left again other changes tell. Who has looked there lately may have found
    /// it, or missed what is back.
    mutating func tellQuietly(_ entry: PendingEntry, emit: (ChangeDraft) -> Void) {
        guard reportedContent[entry.path] != nil else { return }
        let change = FileChange(
            kind: .transient, path: entry.path, type: .unknown, time: entry.lastAt &+ realtimeOffset,
            source: entry.source)
        var draft = ChangeDraft(change: change, actor: entry.actor, completedAt: entry.lastAt)
        draft.isQuiet = true
        emit(draft)
    }

    private mutating func makeDraft(of kind: ChangeKind, _ entry: PendingEntry) -> ChangeDraft {
        let state = stateNow(of: entry)
        var change = FileChange(
            kind: kind, path: entry.path, type: state?.type ?? (entry.isDirectory ? .directory : .unknown),
            time: entry.lastAt &+ realtimeOffset, source: entry.source)
        change.previousPath = entry.origin
        change.alsoChangedAttributes = entry.changedAttributes && kind == .modified
        change.overwroteTarget = entry.overwroteTarget && kind == .renamed
        describe(state, of: entry, in: &change)
        noteTold(entry)
        return ChangeDraft(change: change, actor: entry.actor, completedAt: entry.lastAt)
    }

    /// What stands there; `nil` when it is gone by now, or another has its place: of that is told later.
    private func stateNow(of entry: PendingEntry) -> FileState? {
        guard entry.current.isPresent, let state = inspector.state(of: entry.path) else { return nil }
        if case .present(let object?) = entry.current, object.inode != 0, object.inode != state.inode {
            return nil
        }
        return state
    }

    private mutating func describe(_ state: FileState?, of entry: PendingEntry, in change: inout FileChange) {
        if change.kind == .created, case .present(let object?) = entry.current {
            reportedCreations[object] = entry.action.pid
        }
        if let state {
            change.inode = state.inode
            change.device = state.device
            change.size = state.size
            change.mode = state.mode
            change.owner = state.owner
            change.group = state.group
            reportedContent[entry.path] = state.modified
            return
        }
        // Whoever hears of it looks there, but for what is gone.
        if entry.current.isPresent { reportedContent[entry.path] = reportedContent[entry.path] ?? startedAt }
        if case .present(let object?) = entry.current.isPresent ? entry.current : entry.initial,
            object.inode != 0
        {
            change.inode = object.inode
        } else if entry.isLink, let arrived = entry.arrived, arrived.inode != 0 {
            // A name that came and went, of a file that stays.
            change.inode = arrived.inode
        }
    }

    /// Files `entry` under its process and directory, and starts the window when it is the first there.
    mutating func store(_ entry: PendingEntry, event: FileEvent, actor: Actor) {
        var entry = entry
        entry.actor = actor
        entry.lastAt = event.readAt
        let isKnown = entries[entry.path] != nil
        if !isKnown || entry.action.pid != event.pid {
            if isKnown { detach(entry.path, from: entry.action) }
            entry.action = ActionKey(pid: event.pid, directory: entry.path.parent)
            if actions[entry.action] == nil {
                let deadline = event.readAt &+ settleWindow
                actions[entry.action] = Action(deadline: deadline, paths: [])
                deadlines.append(deadline, entry.action)
            }
            actions[entry.action]?.paths.append(entry.path)
            actions[entry.action]?.count += 1
        }
        entries[entry.path] = entry
    }

    /// Makes `path` part of the pending action `key`: it is settled with that.
    mutating func transfer(_ path: ByteString, to key: ActionKey) {
        guard let entry = entries[path], entry.action != key, actions[key] != nil else { return }
        detach(path, from: entry.action)
        entries[path]?.action = key
        actions[key]?.paths.append(path)
        actions[key]?.count += 1
    }

    mutating func remove(_ path: ByteString) {
        guard let entry = entries.removeValue(forKey: path) else { return }
        detach(path, from: entry.action)
    }

    private mutating func detach(_ path: ByteString, from key: ActionKey) {
        guard let index = actions.index(forKey: key) else { return }
        actions.values[index].count -= 1
        if actions.values[index].count <= 0 { actions.remove(at: index) }
    }
}

extension ByteString {
    /// Whether a file of this name is the scratch of a program that changes `name`: its name is part of ours
    /// (`passwd.lock`, `.f.swp`, `f~`), or we are one of vim's trial files (`4913`, `5036`, …).
    fileprivate func isScratchName(of name: ByteString) -> Bool {
        if bytes.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) { return true }
        guard !name.isEmpty, count > name.count else { return false }
        return (0...(count - name.count)).contains { bytes[$0...].starts(with: name.bytes) }
    }
}
