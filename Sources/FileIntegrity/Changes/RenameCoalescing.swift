internal import EventModel
internal import ProcessTable

extension ChangeCoalescer {
    /// Both names of a rename: a user's own move, the last step of a replace, or one half of an exchange.
    mutating func noteRename(
        _ event: FileEvent, to target: ByteString, actor: Actor, emit: (ChangeDraft) -> Void
    ) {
        if isSecondHalfOfExchange(event) {
            noteExchange(event, with: target, actor: actor)
            return
        }
        settleUnrelated(event, target: target, emit: emit)
        if let overwritten = entries[target]?.origin {
            noteEnd(of: overwritten, event: event, actor: actor)
        }
        let moved = entries[event.path]
        // It was made here, in this action: it arrives as if it had been made there.
        let isNew = moved.map { $0.origin == nil && ($0.isNewObject || !$0.initial.isPresent) } ?? false
        var arrival = makeArrival(event, target: target, moved: moved, actor: actor)
        if let moved, isNew, !moved.initial.isPresent {
            remove(event.path)
            tellQuietly(moved, emit: emit)
        } else {
            noteDeparted(event, to: target, moved: moved, isNew: isNew, actor: actor)
        }
        if !isNew {
            let origin = moved?.origin ?? event.path
            if entries[origin]?.movedTo != nil { entries[origin]?.movedTo = target }
            if origin == target {
                // Back where it was.
                arrival.movedTo = nil
            } else {
                arrival.origin = origin
            }
            arrival.wasReported = event.object.flatMap { reportedCreations[$0] } == event.pid
        }
        store(arrival, event: event, actor: actor)
    }

    /// What other processes did to either path is a change of its own.
    private mutating func settleUnrelated(
        _ event: FileEvent, target: ByteString, emit: (ChangeDraft) -> Void
    ) {
        if let entry = entries[event.path], entry.action.pid != event.pid, entry.initial.isPresent {
            settle(path: event.path, emit: emit)
        }
        if let entry = entries[target], entry.action.pid != event.pid, entry.current.isPresent {
            settle(path: target, emit: emit)
        }
    }

    private func makeArrival(
        _ event: FileEvent, target: ByteString, moved: PendingEntry?, actor: Actor
    ) -> PendingEntry {
        let before = entries[target]
        let lower = before == nil ? inspector.lowerState(of: target) : nil
        var arrival =
            before
            ?? PendingEntry(
                path: target, initial: lower == nil ? .absent : .present(nil), event: event, actor: actor)
        // So is, for who looks at the name, a file that the action has moved aside or deleted before.
        arrival.overwroteTarget = before.map { $0.initial.isPresent || $0.current.isPresent } ?? false
        arrival.current = .present(event.object)
        arrival.isNewObject = arrival.initial != arrival.current || event.object == nil
        arrival.forgetMove()
        arrival.origin = nil
        arrival.isLink = false
        arrival.isDirectory = event.isDirectory
        arrival.wasModified = moved?.wasModified ?? false
        arrival.changedAttributes = moved?.changedAttributes ?? false
        arrival.isOpen = moved?.isOpen ?? false
        return arrival
    }

    private mutating func noteDeparted(
        _ event: FileEvent, to target: ByteString, moved: PendingEntry?, isNew: Bool, actor: Actor
    ) {
        var departed =
            moved
            ?? PendingEntry(path: event.path, initial: .present(event.object), event: event, actor: actor)
        departed.current = .absent
        // What left had come from elsewhere, over the file that stood here, or was made after that was gone.
        let isOther = isNew || departed.origin != nil
        if !isOther || !departed.initial.isPresent { departed.movedTo = target }
        departed.origin = nil
        store(departed, event: event, actor: actor)
    }

    /// The move of `entry` has been told: what stood at its origin is known to have left.
    mutating func noteTold(_ entry: PendingEntry) {
        guard let origin = entry.origin, var left = entries[origin], left.movedTo == entry.path else {
            return
        }
        if left.current.isPresent {
            left.initial = .absent
            left.isNewObject = true
            left.movedTo = nil
            entries[origin] = left
        } else {
            remove(origin)
        }
    }

    /// The file that a rename took from `origin` is gone for good: whoever ended it has deleted it there,
    /// unless another file has taken its place.
    mutating func noteEnd(of origin: ByteString, event: FileEvent, actor: Actor) {
        guard var entry = entries[origin], entry.movedTo != nil else { return }
        entry.movedTo = nil
        if !entry.current.isPresent {
            entry.actor = actor
            entry.lastAt = event.readAt
        }
        entries[origin] = entry
    }

    /// `renameat2(RENAME_EXCHANGE)` reports two renames; at the second, the old name holds another object already.
    private func isSecondHalfOfExchange(_ event: FileEvent) -> Bool {
        guard let object = event.object, let holder = entries[event.path], holder.action.pid == event.pid,
            case .present(let there?) = holder.current
        else { return false }
        return there != object && holder.lastAt &+ settleWindow >= event.readAt
    }

    private mutating func noteExchange(_ event: FileEvent, with target: ByteString, actor: Actor) {
        if var holder = entries[event.path] {
            if let origin = holder.origin { noteEnd(of: origin, event: event, actor: actor) }
            holder.initial = .present(event.object)
            holder.isNewObject = true
            holder.origin = nil
            store(holder, event: event, actor: actor)
        }
        var other =
            entries[target] ?? PendingEntry(path: target, initial: .absent, event: event, actor: actor)
        other.current = .present(event.object)
        other.isNewObject = true
        other.movedTo = nil
        other.origin = nil
        store(other, event: event, actor: actor)
    }
}
