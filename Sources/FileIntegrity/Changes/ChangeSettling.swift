internal import EventModel
internal import ProcessTable

/// A file that came and went in one action.
private struct Scratch {
    var draft: ChangeDraft
    /// The path whose file was here for a while.
    var owner: ByteString?
    /// The older file that this was a second name of.
    var backup: FileObjectID?
}

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

    mutating func settleOldest(emit: (ChangeDraft) -> Void) {
        guard let key = deadlines.popDue(now: .max) else { return }
        settledEarly += UInt64(actions[key]?.count ?? 0)
        settle(key, emit: emit)
    }

    /// Emits the one path as it stands and takes it out of its action.
    mutating func settle(path: ByteString, emit: (ChangeDraft) -> Void) {
        guard let entry = entries[path] else { return }
        remove(path)
        if let draft = makeDraft(entry) { emit(draft) }
    }

    private mutating func settlePlain(of key: ActionKey, emit: (ChangeDraft) -> Void) {
        guard let action = actions[key] else { return }
        let pending = members(of: action, key)
        guard pending.allSatisfy({ $0.isPlain && !$0.isOpen }) else { return }
        settle(key, emit: emit)
    }

    /// Emits one action: its changes, with the scratch files that came and went attached to the nearest of them.
    private mutating func settle(_ key: ActionKey, emit: (ChangeDraft) -> Void) {
        guard let action = actions.removeValue(forKey: key) else { return }
        var drafts: [ChangeDraft] = []
        var scratch: [Scratch] = []
        let kept = members(of: action, key).map { withoutStaleOrigin($0) }
        for entry in kept { entries[entry.path] = nil }
        for entry in kept {
            guard let draft = makeDraft(entry) else { continue }
            if draft.change.kind == .transient {
                scratch.append(
                    Scratch(draft: draft, owner: entry.scratchOf, backup: entry.isLink ? entry.arrived : nil))
            } else {
                drafts.append(draft)
            }
        }
        attach(scratch, to: &drafts)
        for draft in drafts { emit(draft) }
    }

    /// An editor's backup: the old name has a new file again, so the file that was moved aside is a new copy.
    private func withoutStaleOrigin(_ entry: PendingEntry) -> PendingEntry {
        guard let origin = entry.origin, entries[origin]?.current.isPresent ?? false else { return entry }
        var copy = entry
        copy.origin = nil
        return copy
    }

    /// The entries of an action, each once.
    private func members(of action: Action, _ key: ActionKey) -> [PendingEntry] {
        var seen = Set<ByteString>(minimumCapacity: action.count)
        return action.paths.compactMap { path in
            guard let entry = entries[path], entry.action == key, seen.insert(path).inserted else {
                return nil
            }
            return entry
        }
    }

    /// Gives each scratch file to the change that it belongs to by name; the rest remain changes of their own.
    private func attach(_ scratch: [Scratch], to drafts: inout [ChangeDraft]) {
        let mains = drafts.indices.prefix(Self.maximumOwners)
        for item in scratch {
            let path = item.draft.change.path
            let main = mains.first { index in
                let change = drafts[index].change
                guard change.scratchPaths.count < Self.maximumScratchPaths else { return false }
                return item.owner == change.path
                    || path.lastComponent.isScratchName(of: change.path.lastComponent)
            }
            guard let main else {
                drafts.append(item.draft)
                continue
            }
            drafts[main].change.scratchPaths.append(path)
            // A backup was linked, so there was a file: what looks new has taken its place.
            if let backup = item.backup, drafts[main].change.kind == .created,
                drafts[main].change.inode != backup.inode
            {
                drafts[main].change.kind = .replaced
            }
        }
    }

    private mutating func makeDraft(_ entry: PendingEntry) -> ChangeDraft? {
        guard let kind = entry.kind else { return nil }
        let state = entry.current.isPresent ? inspector.state(of: entry.path) : nil
        var change = FileChange(
            kind: kind, path: entry.path, type: state?.type ?? (entry.isDirectory ? .directory : .unknown),
            time: entry.lastAt &+ realtimeOffset, source: entry.source)
        change.previousPath = entry.origin
        change.alsoChangedAttributes = entry.changedAttributes && kind == .modified
        change.overwroteTarget = entry.overwroteTarget && kind == .renamed
        describe(state, of: entry, in: &change)
        return ChangeDraft(change: change, actor: entry.actor, completedAt: entry.lastAt)
    }

    private mutating func describe(_ state: FileState?, of entry: PendingEntry, in change: inout FileChange) {
        if let state {
            change.inode = state.inode
            change.device = state.device
            change.size = state.size
            change.mode = state.mode
            change.owner = state.owner
            change.group = state.group
            reportedContent[entry.path] = state.modified
        } else if case .present(let object?) = entry.initial, object.inode != 0 {
            change.inode = object.inode
        }
        if change.kind == .created, case .present(let object?) = entry.current {
            reportedCreations[object] = entry.action.pid
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
