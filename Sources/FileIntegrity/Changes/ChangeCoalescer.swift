package import EventModel
package import ProcessTable

/// Turns the events of one user action into one change: rename, atomic replace, O_TMPFILE and link, copy-up,
/// whiteout, scratch files.
///
/// Compares each path before the action with the same path after it. What may still become part of a replace waits
/// for the settle window; a finished change of a file that stays goes out after 4 ms. Deterministic: times come with
/// the events. One thread owns it.
package struct ChangeCoalescer<Inspector: FileInspector> {
    /// The paths that one process touches in one directory within one window.
    struct Action {
        var deadline: UInt64
        /// In the order of arrival; some may have left the action since, or stand here twice.
        var paths: [ByteString]
        /// Paths that are in the action now.
        var count = 0
    }

    /// Finished changes of a file that stays wait this long for their siblings: chown and chmod, write and chmod.
    static var plainSettle: UInt64 { 4_000_000 }
    /// Scratch files that one change names at most.
    static var maximumScratchPaths: Int { 16 }
    /// Changes of one action that are asked whether a scratch file is theirs.
    static var maximumOwners: Int { 256 }
    /// Pending paths at most; more are settled early and counted. With what one event
    /// adds before they are, a dictionary of 8,192 slots holds them: one more entry, and it has twice as many for ever.
    static var maximumPending: Int { 6_140 }

    let inspector: Inspector
    /// Nanoseconds.
    let settleWindow: UInt64
    /// CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds.
    package var realtimeOffset: UInt64
    let startedAt: UInt64

    var entries: [ByteString: PendingEntry] = [:]
    var actions: [ActionKey: Action] = [:]
    var deadlines = DeadlineQueue()
    var plainDeadlines = DeadlineQueue()
    /// Modification times at which content was last reported, by path: tells an idle open from a write through mmap.
    /// Whatever was told of a path lately has one.
    var reportedContent = RecentValues<ByteString, UInt64>(capacity: 4_096)
    /// The process that made an object, once that has been reported: when it renames the object over a file, it
    /// replaces that.
    var reportedCreations = RecentValues<FileObjectID, Int32>(capacity: 4_096)
    /// Files that were written to while they had no name (O_TMPFILE): the first name that one gets makes it.
    private var unnamedFiles = RecentValues<FileObjectID, Int32>(capacity: 1_024)
    /// What users saw of directories in overlays' upper layers.
    var visibleAttributes = RecentValues<ByteString, VisibleAttributes>(capacity: 1_024)
    /// Changes that were settled before their window ended because too many were pending.
    package internal(set) var settledEarly: UInt64 = 0

    /// - Parameters:
    ///   - settleWindow: nanoseconds.
    ///   - now: CLOCK_MONOTONIC nanoseconds.
    package init(inspector: Inspector, settleWindow: UInt64, realtimeOffset: UInt64, now: UInt64) {
        self.inspector = inspector
        self.settleWindow = settleWindow
        self.realtimeOffset = realtimeOffset
        startedAt = now &+ realtimeOffset
    }

    /// Paths that wait for the end of their window.
    package var pendingCount: Int { entries.count }

    /// Takes one event in. Finished changes go to `emit`, in the order in which they were finished.
    package mutating func note(_ event: FileEvent, actor: Actor, emit: (ChangeDraft) -> Void) {
        guard let event = withoutScratch(event) else { return }
        if event.operations.contains(.renamed), let target = event.newPath {
            noteRename(event, to: target, actor: actor, emit: emit)
        } else {
            yieldToOtherProcess(event, emit: emit)
            noteSingle(event, actor: actor)
        }
        scheduleIfPlain(event)
        if entries.count > Self.maximumPending { settleOldest(emit: emit) }
    }

    /// Events on the kernel's own scratch names are not the user's: overlay work directories, O_TMPFILE inodes.
    private mutating func withoutScratch(_ event: FileEvent) -> FileEvent? {
        if let target = event.newPath, inspector.isOverlayWork(event.path) {
            if inspector.isOverlayWork(target) { return nil }
            var arrival = event
            arrival.operations = [.created]
            arrival.path = target
            arrival.newPath = nil
            return arrival
        }
        if let target = event.newPath, inspector.isOverlayWork(target) {
            var departure = event
            departure.operations = [.deleted]
            departure.newPath = nil
            return departure
        }
        if inspector.isOverlayWork(event.path) { return nil }
        if event.isOfUnlinked, entries[event.path] == nil, inspector.state(of: event.path) == nil {
            if let object = event.object { unnamedFiles[object] = event.pid }
            return nil
        }
        return event
    }

    /// A second process ends the first one's action on the same path, unless it only finishes it off.
    private mutating func yieldToOtherProcess(_ event: FileEvent, emit: (ChangeDraft) -> Void) {
        guard let entry = entries[event.path], entry.action.pid != event.pid else { return }
        let endsScratch = !entry.initial.isPresent && event.operations.contains(.deleted)
        let refills = !entry.current.isPresent
        if !endsScratch && !refills { settle(path: event.path, emit: emit) }
    }

    private mutating func noteSingle(_ event: FileEvent, actor: Actor) {
        let operations = event.operations
        if operations.contains(.created) || operations.contains(.movedTo) { noteArrival(event, actor: actor) }
        if operations.contains(.overwroteTarget) { noteOverwrite(event) }
        if operations.contains(.overwriteRevoked) { revokeOverwrite(event) }
        if operations.contains(.modified) {
            update(event, actor: actor) { entry in
                entry.wasModified = true
                entry.isOpen = true
            }
        }
        if operations.contains(.attributes), !isOverlayMark(event) {
            update(event, actor: actor) { $0.changedAttributes = true }
        }
        if operations.contains(.closedAfterWrite) { noteClose(event, actor: actor) }
        if operations.contains(.deleted) || operations.contains(.movedFrom) {
            noteDeparture(event, actor: actor)
        }
    }

    private mutating func noteArrival(_ event: FileEvent, actor: Actor) {
        let state = inspector.state(of: event.path)
        if let state, state.isWhiteout {
            noteDeparture(event, actor: actor)
            return
        }
        let lower = inspector.lowerState(of: event.path)
        var entry =
            entries[event.path]
            ?? PendingEntry(
                path: event.path, initial: lower == nil ? .absent : .present(nil), event: event, actor: actor)
        let before = entry.current
        if lower != nil, entry.current.isPresent {
            // A copy-up: the same file, now in the upper layer. What it differs in is the change.
            entry.hasLower = true
            entry.current = .present(event.object)
            noteCopyUp(of: lower, as: state, into: &entry)
            // Whoever wrote it has it open: his events are still to come, and belong to this change.
            if entry.wasModified { entry.isOpen = true }
        } else {
            entry.current = .present(event.object)
            entry.isNewObject = entry.initial != entry.current || event.object == nil
            if !entry.isNewObject { entry.movedTo = nil }
            entry.isLink =
                event.operations.contains(.linked) || (state?.links ?? 1) > 1 && !event.isDirectory
            if let object = event.object, unnamedFiles[object] != nil {
                entry.isLink = false
                unnamedFiles[object] = nil
            }
            entry.arrived = event.object
        }
        entry.forgetMove()
        entry.isDirectory = event.isDirectory
        if let origin = entry.origin, before != entry.current || event.operations.contains(.movedTo) {
            noteEnd(of: origin, event: event, actor: actor)
            entry.origin = nil
        }
        store(entry, event: event, actor: actor)
        if event.isDirectory, let attributes = inspector.overlayAttributes(of: event.path) {
            visibleAttributes[event.path] = attributes
        }
    }

    /// Overlayfs marks directories of its upper layer for itself when something below them is copied up.
    private mutating func isOverlayMark(_ event: FileEvent) -> Bool {
        guard event.isDirectory, let attributes = inspector.overlayAttributes(of: event.path) else {
            return false
        }
        let before = visibleAttributes[event.path] ?? inspector.lowerAttributes(of: event.path)
        visibleAttributes[event.path] = attributes
        return before == attributes
    }

    func noteCopyUp(of lower: FileState?, as upper: FileState?, into entry: inout PendingEntry) {
        guard let lower, let upper else { return }
        // A directory's size and times tell of its entries.
        if upper.type != .directory, lower.size != upper.size || lower.modified != upper.modified {
            entry.wasModified = true
        }
        if lower.mode != upper.mode || lower.owner != upper.owner || lower.group != upper.group {
            entry.changedAttributes = true
        }
    }

    private mutating func noteOverwrite(_ event: FileEvent) {
        guard var entry = entries[event.path], entry.current.isPresent else { return }
        entry.overwroteTarget = true
        if !entry.initial.isPresent {
            entry.initial = .present(nil)
            entry.isNewObject = true
        }
        entries[event.path] = entry
    }

    private mutating func revokeOverwrite(_ event: FileEvent) {
        guard var entry = entries[event.path], entry.overwroteTarget else { return }
        entry.overwroteTarget = false
        if entry.initial == .present(nil), !entry.hasLower { entry.initial = .absent }
        entries[event.path] = entry
    }

    private mutating func noteClose(_ event: FileEvent, actor: Actor) {
        if let entry = entries[event.path] {
            guard entry.current.isPresent else { return }
            let isExplained = entry.wasModified || entry.changedAttributes || !entry.isPlain
            if isExplained || hasUnreportedContent(event.path) {
                update(event, actor: actor) { entry in
                    entry.isOpen = false
                    if !isExplained { entry.wasModified = true }
                }
            }
        } else if hasUnreportedContent(event.path) {
            update(event, actor: actor) { $0.wasModified = true }
        }
    }

    /// Stores through a mapping and libaio show no MODIFY: the modification time tells.
    private func hasUnreportedContent(_ path: ByteString) -> Bool {
        guard let state = inspector.state(of: path) else { return false }
        return state.modified > (reportedContent[path] ?? startedAt)
    }

    private mutating func noteDeparture(_ event: FileEvent, actor: Actor) {
        var entry =
            entries[event.path]
            ?? PendingEntry(path: event.path, initial: .present(event.object), event: event, actor: actor)
        let origin = entry.origin
        if let origin {
            // The file that a rename brought here is gone for good: it was deleted under its old name.
            noteEnd(of: origin, event: event, actor: actor)
            entry.origin = nil
            entry.scratchOf = origin
        }
        entry.current = .absent
        entry.isOpen = false
        entry.forgetMove()
        let keepsCreator = !entry.initial.isPresent && entry.action.pid != event.pid
        store(entry, event: event, actor: keepsCreator ? entry.actor : actor)
        if let action = origin.flatMap({ entries[$0]?.action }) { transfer(event.path, to: action) }
    }

    /// Applies `body` to the entry of the event's path, made first when the path was quiet.
    private mutating func update(_ event: FileEvent, actor: Actor, _ body: (inout PendingEntry) -> Void) {
        var entry =
            entries[event.path]
            ?? PendingEntry(path: event.path, initial: .present(event.object), event: event, actor: actor)
        guard entry.current.isPresent else { return }
        body(&entry)
        store(entry, event: event, actor: actor)
    }
}

extension FileEvent {
    /// Whether this may be about an open O_TMPFILE file, which the kernel calls `#` and its inode.
    ///
    /// No directory has an entry of that name for it: whatever made, moved or removed one did so to a file of
    /// the user's.
    fileprivate var isOfUnlinked: Bool {
        guard operations.isSubset(of: [.modified, .closedAfterWrite, .attributes, .openedForExecution]) else {
            return false
        }
        let name = path.lastComponent.bytes
        guard name.count > 1, name[0] == UInt8(ascii: "#") else { return false }
        if let object, object.inode != 0 { return name.dropFirst().elementsEqual("\(object.inode)".utf8) }
        return name.dropFirst().allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
