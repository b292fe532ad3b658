package import EventModel
package import KernelDecoding

/// A program, script, interpreter or loader opened for execution, anywhere on a marked filesystem.
///
/// For a script the kernel opens the script, then the interpreter, then the loader, in this order.
package struct ExecutableOpen: Sendable {
    package var pid: Int32
    package var wasAlive: Bool
    /// Ask the resolver for its path when it is needed.
    package var directory: FileHandle?
    package var name: ByteString
    package var object: FileObjectID?
    /// CLOCK_MONOTONIC nanoseconds: no later than this, and no earlier than `notBefore` (0: not known).
    package var readAt: UInt64
    package var notBefore: UInt64
}

/// What one fanotify event means for the stages behind.
package enum FanotifyOutput: Sendable {
    case change(FileEvent)
    case execution(ExecutableOpen)
    /// The canary was heard on this filesystem.
    case canary(filesystem: UInt64)
    /// Events between the two moments (CLOCK_MONOTONIC nanoseconds) were lost.
    case overflow(notBefore: UInt64, readAt: UInt64)
    /// The rest of an event, or of a batch, made no sense.
    case undecodable(FanotifyDecodeError)
}

/// Turns batches of fanotify events into file events with paths, and keeps the resolver's tree true.
package struct FanotifyTranslator: ~Copyable {
    package var resolver: DirectoryResolver

    /// What was seen, and what could not be placed.
    package struct Counts: Equatable, Sendable {
        package var events: UInt64 = 0
        package var outside: UInt64 = 0
        /// The directory was gone, and not known: whether it was watched cannot be told.
        package var unresolved: UInt64 = 0
        package var overflows: UInt64 = 0
        package var undecodable: UInt64 = 0
    }
    package private(set) var counts = Counts()

    /// The processes that make canaries at the moment. What they do is told as that only.
    package var canaryPids: [Int32] = []
    /// Directories may have been forgotten or not seen: `seed` should be called when there is time.
    package private(set) var needsSeeding = false

    private var overwrites = OverwriteTracker()
    /// When the batch at hand was read, and what no event of it is older than.
    private var readAt: UInt64 = 0
    private var notBefore: UInt64 = 0
    /// The most directories that are learned when a tree is moved into a watch.
    private static let movedTreeLimit = 4_096

    /// Whether the kernel names directory entries at all.
    private let level: FanotifyLevel

    /// - Parameter level: the source's.
    package init(resolver: consuming DirectoryResolver, level: FanotifyLevel) {
        self.resolver = resolver
        self.level = level
    }

    /// Learns the directories below all watches again.
    package mutating func seed() {
        needsSeeding = false
        resolver.seedWatches()
    }

    /// Says where filesystems are mounted now.
    package mutating func configure(watches: [ByteString], mounts: [MarkedMount]) {
        resolver.configure(watches: watches, mounts: mounts)
        needsSeeding = true
    }

    /// Translates the payload of one `CRECORD_FANOTIFY`, in order.
    ///
    /// - Parameter readAt: the record's time.
    package mutating func translate(
        record: RawSpan, readAt: UInt64, _ emit: (FanotifyOutput) -> Void
    ) {
        self.readAt = readAt
        notBefore = FanotifyDecoder.notBefore(of: record)
        var decoder = FanotifyDecoder(offset: FanotifyDecoder.batchHeaderSize)
        while true {
            do throws(FanotifyDecodeError) {
                guard let event = try decoder.next(in: record) else { return }
                counts.events += 1
                translate(event, in: record, emit)
            } catch {
                counts.undecodable += 1
                emit(.undecodable(error))
            }
        }
    }

    private mutating func translate(
        _ event: FanotifyEvent, in bytes: RawSpan, _ emit: (FanotifyOutput) -> Void
    ) {
        if event.isOverflow {
            counts.overflows += 1
            resolver.reset()
            needsSeeding = true
            emit(.overflow(notBefore: notBefore, readAt: readAt))
            return
        }
        if canaryPids.contains(event.pid), let place = event.name?.directory ?? event.object {
            emit(.canary(filesystem: place.filesystem))
            return
        }
        if event.mask.contains(.openExec) { emit(.execution(execution(event, in: bytes))) }
        let operations = FileOperations(event.mask, ofDirectory: event.isDirectory)
        if operations.isEmpty { return }
        if event.name != nil,
            let finding = overwrites.noteOther(
                pid: event.pid, operations, object: event.object?.object)
        {
            emit(.change(fileEvent(event, finding.operation, path: finding.path)))
        }
        var change =
            if event.mask.contains(.rename), let old = event.name, let new = event.newName {
                rename(event, from: old, to: new, in: bytes)
            } else if let name = event.name, !name.range.isEmpty {
                plain(event, operations, name: name, in: bytes)
            } else {
                nameless(event, operations)
            }
        if event.mask.contains(.create), overwrites.isLink(pid: event.pid, event.object?.object) {
            change?.operations.insert(.linked)
        }
        guard let change else { return }
        emit(.change(change))
        if let target = change.newPath {
            overwrites.noteRename(pid: event.pid, to: target, object: change.object)
        } else if change.operations.contains(.movedTo) {
            overwrites.noteRename(pid: event.pid, to: change.path, object: change.object)
        }
    }

    private func execution(_ event: FanotifyEvent, in bytes: RawSpan) -> ExecutableOpen {
        ExecutableOpen(
            pid: event.pid, wasAlive: event.pidState == .alive, directory: event.name?.directory,
            name: event.name.map { ByteString($0.range, of: bytes) } ?? "", object: event.object?.object,
            readAt: readAt, notBefore: notBefore)
    }

    private func fileEvent(
        _ event: FanotifyEvent, _ operations: FileOperations, path: ByteString, newPath: ByteString? = nil
    ) -> FileEvent {
        FileEvent(
            source: .fanotify, operations: operations, path: path, newPath: newPath,
            object: event.object?.object, isDirectory: event.isDirectory, pid: event.pid,
            wasAlive: event.pidState == .alive, readAt: readAt, notBefore: notBefore)
    }

    // MARK: One name

    private mutating func plain(
        _ event: FanotifyEvent, _ operations: FileOperations, name: FanotifyName, in bytes: RawSpan
    ) -> FileEvent? {
        let verdict = resolver.verdict(name.directory)
        let matters = verdict == .inside || verdict == .holdsWatch
        guard matters else {
            // A directory that leaves the watches by a move would keep its old place.
            if event.isDirectory, event.mask.contains(.movedTo) { follow(event, name: name, in: bytes) }
            if verdict == .unknown { counts.unresolved += 1 } else { counts.outside += 1 }
            return nil
        }
        if event.isDirectory { follow(event, name: name, in: bytes) }
        guard let path = watchedPath(name, verdict: verdict, in: bytes) else {
            counts.outside += 1
            return nil
        }
        return fileEvent(event, operations, path: path)
    }

    /// Tells the resolver about directories that come and go.
    private mutating func follow(_ event: FanotifyEvent, name: FanotifyName, in bytes: RawSpan) {
        let created = event.mask.contains(.create) || event.mask.contains(.movedTo)
        if created {
            let text = ByteString(name.range, of: bytes)
            if let object = event.object {
                resolver.noteCreated(object, in: name.directory, name: text)
            } else {
                resolver.noteAppeared(in: name.directory, name: text)
            }
        }
        if event.mask.contains(.delete), let object = event.object { resolver.noteDeleted(object) }
    }

    /// The path of `name`, if it is watched. The name `.` is the directory itself.
    private mutating func watchedPath(
        _ name: FanotifyName, verdict: DirectoryResolver.Verdict, in bytes: RawSpan
    ) -> ByteString? {
        guard let directory = resolver.path(of: name.directory) else { return nil }
        let isItself =
            name.range.count == 1
            && bytes.unsafeLoadUnaligned(fromByteOffset: name.range.lowerBound, as: UInt8.self)
                == UInt8(ascii: ".")
        let path = isItself ? directory : directory.appending(ByteString(name.range, of: bytes))
        return verdict == .inside || resolver.isWatched(path: path) ? path : nil
    }

    // MARK: Two names

    private mutating func rename(
        _ event: FanotifyEvent, from old: FanotifyName, to new: FanotifyName, in bytes: RawSpan
    ) -> FileEvent? {
        let oldPath = half(old, in: bytes)
        let newPath = half(new, in: bytes)
        if event.isDirectory, let object = event.object {
            resolver.noteRenamed(object, to: new.directory, name: ByteString(new.range, of: bytes))
            // What is below it is not known yet, and might be deleted before it is asked for.
            if oldPath == nil, let newPath {
                resolver.noteCreated(object, in: new.directory, name: newPath.lastComponent)
                resolver.seed(newPath, limit: FanotifyTranslator.movedTreeLimit)
            }
        }
        switch (oldPath, newPath) {
        case (let oldPath?, let newPath?):
            return fileEvent(event, .renamed, path: oldPath, newPath: newPath)
        case (let oldPath?, nil): return fileEvent(event, .movedFrom, path: oldPath)
        case (nil, let newPath?): return fileEvent(event, .movedTo, path: newPath)
        case (nil, nil):
            counts.outside += 1
            return nil
        }
    }

    /// One end of a rename, if it is watched.
    private mutating func half(_ name: FanotifyName, in bytes: RawSpan) -> ByteString? {
        switch resolver.verdict(name.directory) {
        case .inside: watchedPath(name, verdict: .inside, in: bytes)
        case .holdsWatch: watchedPath(name, verdict: .holdsWatch, in: bytes)
        case .outside: nil
        case .unknown:
            unresolved()
        }
    }

    private mutating func unresolved() -> ByteString? {
        counts.unresolved += 1
        return nil
    }

    // MARK: No name

    /// Linux before 5.9 gives the object's handle alone, and for entries of a directory the directory's.
    ///
    /// Later kernels leave the name out only when the number of links changes (ATTRIB without a path at
    /// hand); the CREATE or DELETE that says so comes with a name. After a rename it means an overwritten target.
    private mutating func nameless(_ event: FanotifyEvent, _ operations: FileOperations) -> FileEvent? {
        guard level < .name else {
            guard operations.contains(.attributes),
                let finding = overwrites.noteLinkCount(pid: event.pid, of: event.object?.object)
            else { return nil }
            var change = fileEvent(event, finding.operation, path: finding.path)
            change.object = nil
            return change
        }
        guard let object = event.object ?? event.name?.directory else {
            counts.unresolved += 1
            return nil
        }
        guard let path = resolver.objectPath(object) else {
            counts.unresolved += 1
            return nil
        }
        guard resolver.isWatched(path: path) else {
            counts.outside += 1
            return nil
        }
        var plain = fileEvent(event, operations.subtracting(.entries), path: path)
        if !operations.isDisjoint(with: .entries) {
            plain.operations.insert(.modified)
            plain.isDirectory = true
        }
        return plain
    }
}

extension FileOperations {
    /// Those that are about an entry of a directory.
    fileprivate static let entries: FileOperations = [.created, .deleted, .movedFrom, .movedTo, .renamed]

    /// The bits of a fanotify mask that are about a file's change.
    fileprivate init(_ mask: FanotifyMask, ofDirectory isDirectory: Bool) {
        self = []
        if mask.contains(.create) { insert(.created) }
        if mask.contains(.delete) { insert(.deleted) }
        if mask.contains(.rename) { insert(.renamed) }
        // A directory has no content to write: its modification time alone was set.
        if mask.contains(.modify) { insert(isDirectory ? .attributes : .modified) }
        if mask.contains(.closeWrite) { insert(.closedAfterWrite) }
        if mask.contains(.attrib) { insert(.attributes) }
        if mask.contains(.movedFrom) { insert(.movedFrom) }
        if mask.contains(.movedTo) { insert(.movedTo) }
    }
}
