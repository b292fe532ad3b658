internal import CInotify
internal import CRing
package import EventModel
package import EventRing
internal import Glibc
package import KernelDecoding

/// What one inotify event means for the stages behind.
package enum InotifyOutput: Sendable {
    case change(FileEvent)
    /// Events were lost, before this moment (CLOCK_MONOTONIC nanoseconds).
    case overflow(readAt: UInt64)
    /// A file without a name was written in the canary's directory.
    case canary
    case undecodable(InotifyDecodeError)
}

/// Recursive directory watches, for filesystems that fanotify cannot mark, and the thread that reads them.
///
/// Owned and called by one thread, the consumer of its ring. Tells neither who nor which inode.
/// The corresponding kernel interface is `inotify(7)`.
package final class InotifySource {
    private let inotify: KernelDescriptor
    private var descriptor: Int32 { inotify.value }
    private let ring: EventRing
    private let reader: OpaquePointer
    private var tree = WatchTree()
    private var roots: [ByteString] = []
    /// First halves of renames, until the second comes.
    private var moves: [(cookie: UInt32, watch: Int32, name: ByteString, event: FileEvent)] = []
    /// A half that has waited this long, in nanoseconds, went out of the watches.
    private static let moveWait: UInt64 = 20_000_000
    /// The most halves that are kept.
    private static let moveLimit = 1_024

    /// The watch of the canary's directory; -1 for none.
    private var canaryWatch: Int32 = -1

    /// Directories that are not watched because the kernel's limit is reached.
    package private(set) var unwatched = 0

    private static let mask: InotifyMask = [
        .create, .delete, .modify, .closeWrite, .attrib, .movedFrom, .movedTo, .deleteSelf, .moveSelf,
        .onlyDirectory, .dontFollow,
    ]

    /// - Throws: `KernelError` with `EMFILE` at the limit of instances per user.
    package init(ring: EventRing) throws(KernelError) {
        let descriptor = try check("inotify_init1(2)", cinotify_open()) { errno in
            errno == EMFILE ? "raise fs.inotify.max_user_instances" : ""
        }
        let pointer = ring.producerPointer.assumingMemoryBound(to: cring.self)
        guard let reader = cinotify_reader_create(pointer, descriptor) else {
            close(descriptor)
            throw KernelError(call: "eventfd(2)", errno: ENOMEM)
        }
        inotify = KernelDescriptor(descriptor)
        (self.ring, self.reader) = (ring, reader)
    }

    deinit {
        cinotify_reader_destroy(reader)
    }

    /// Starts the reader thread.
    package func start() throws(KernelError) {
        _ = try check("pthread_create(3)", cinotify_reader_start(reader))
    }

    /// Ends the reader thread; what it has read stays in the ring.
    package func stop() { cinotify_reader_stop(reader) }

    /// The number of directories that are watched.
    package var watched: Int { tree.count }

    /// How often the reader had to wait for room in the ring.
    package var stalls: UInt64 { cinotify_reader_count(reader, CINOTIFY_STALLS) }

    /// Whether the kernel's queue is empty.
    package var isIdle: Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) <= 0
    }

    // MARK: Watching

    /// Listens for files without a name in `directory` too, which need not be watched. Returns whether it does.
    package func watchCanaries(in directory: ByteString) -> Bool {
        let watch = add(directory)
        guard watch >= 0 else { return false }
        canaryWatch = watch
        return true
    }

    /// Watches `path` (absolute, without symbolic links) and all directories below it on the same filesystem.
    /// For a file its directory is watched, and only the file reported.
    ///
    /// - Throws: `KernelError` with `ENOENT` or `EACCES` when the path cannot be watched at all.
    package func watch(_ path: ByteString) throws(KernelError) {
        if !roots.contains(path) { roots.append(path) }
        let isDirectory = Listing.isDirectory(path)
        let top = isDirectory ? path : path.parent
        let watch = try check("inotify_add_watch(2)", add(top)) { errno in
            errno == ENOSPC ? "raise fs.inotify.max_user_watches" : ""
        }
        if tree.path(watch) == nil { tree.insertRoot(watch, path: top) }
        if isDirectory { descend(from: watch, path: top, found: { _ in }) }
    }

    /// Counts the directories without a watch anew, before everything is watched again.
    package func forgetUnwatched() { unwatched = 0 }

    /// Watches whatever is missing, after an overflow.
    private func rewatch() {
        forgetUnwatched()
        for root in roots {
            do throws(KernelError) { try watch(root) } catch { unwatched += 1 }
        }
    }

    private func add(_ path: ByteString) -> Int32 {
        cinotify_add(descriptor, path.zeroTerminated, InotifySource.mask.rawValue)
    }

    /// Watches the directories below `watch`, and calls `found` for each entry on the way.
    private func descend(from watch: Int32, path: ByteString, found: (Listing.Entry) -> Void) {
        let device = Listing.device(path)
        var pending = [(watch: watch, path: path)]
        while let next = pending.popLast() {
            for entry in Listing.entries(of: next.path) {
                found(entry)
                guard entry.isDirectory, Listing.device(entry.path) == device else { continue }
                let child = add(entry.path)
                guard child >= 0 else {
                    if child == -ENOSPC { unwatched += 1 }
                    continue
                }
                tree.insert(child, in: next.watch, name: entry.path.lastComponent)
                pending.append((child, entry.path))
            }
        }
    }

    // MARK: Events

    /// Translates the payload of one `CRECORD_INOTIFY`, in order.
    package func translate(record: RawSpan, readAt: UInt64, _ emit: (InotifyOutput) -> Void) {
        flushMoves(before: readAt, emit)
        var decoder = InotifyDecoder()
        while true {
            do throws(InotifyDecodeError) {
                guard let event = try decoder.next(in: record) else { return }
                translate(event, name: ByteString(event.name, of: record), readAt: readAt, emit)
            } catch {
                emit(.undecodable(error))
            }
        }
    }

    /// Gives up waiting for the second halves of renames whose first came well before `now`.
    package func flushMoves(before now: UInt64, _ emit: (InotifyOutput) -> Void) {
        while let first = moves.first, first.event.readAt &+ InotifySource.moveWait <= now {
            giveUp(first.watch, first.name, first.event, emit)
            moves.removeFirst()
        }
    }

    private func giveUp(
        _ watch: Int32, _ name: ByteString, _ event: FileEvent, _ emit: (InotifyOutput) -> Void
    ) {
        // A directory that left would go on reporting under its old path.
        if event.isDirectory, let child = tree.child(name, of: watch) {
            for gone in tree.subtree(child) {
                _ = cinotify_remove(descriptor, gone)
                tree.remove(gone)
            }
        }
        if isWatched(event.path) { emit(.change(event)) }
    }

    private func isWatched(_ path: ByteString) -> Bool { roots.contains { path.isWithin($0) } }

    private func translate(
        _ event: InotifyEvent, name: ByteString, readAt: UInt64, _ emit: (InotifyOutput) -> Void
    ) {
        if event.mask.contains(.overflow) {
            rewatch()
            emit(.overflow(readAt: readAt))
            return
        }
        if event.watch == canaryWatch, event.mask.contains(.closeWrite), name.bytes.first == UInt8(ascii: "#")
        {
            emit(.canary)
            return
        }
        guard let directory = tree.path(event.watch) else { return }
        if event.mask.contains(.ignored) {
            tree.remove(event.watch)
            return
        }
        let path = name.isEmpty ? directory : directory.appending(name)
        let operations = FileOperations(event.mask)
        // What a watched directory says of itself, its parent says too; a root has no watched parent.
        if operations.isEmpty || (name.isEmpty && !roots.contains(path)) { return }
        let change = FileEvent(
            source: .inotify, operations: operations, path: path,
            isDirectory: name.isEmpty || event.mask.contains(.isDirectory), pid: 0, readAt: readAt)
        switch operations {
        case .movedFrom: hold(change, event, name: name, emit)
        case .movedTo: pair(change, event, name: name, emit)
        default:
            if isWatched(path) { emit(.change(change)) }
            if change.isDirectory, operations.contains(.created) {
                appear(path, in: event.watch, name: name, readAt: readAt, emit)
            }
        }
    }

    private func hold(
        _ change: FileEvent, _ event: InotifyEvent, name: ByteString, _ emit: (InotifyOutput) -> Void
    ) {
        if moves.count >= InotifySource.moveLimit {
            let first = moves.removeFirst()
            giveUp(first.watch, first.name, first.event, emit)
        }
        moves.append((event.cookie, event.watch, name, change))
    }

    /// Joins the second half of a rename with the first.
    private func pair(
        _ change: FileEvent, _ event: InotifyEvent, name: ByteString, _ emit: (InotifyOutput) -> Void
    ) {
        guard let position = moves.firstIndex(where: { $0.cookie == event.cookie }) else {
            if isWatched(change.path) { emit(.change(change)) }
            if change.isDirectory {
                appear(change.path, in: event.watch, name: name, readAt: change.readAt, emit)
            }
            return
        }
        let first = moves.remove(at: position)
        let child = tree.child(first.name, of: first.watch)
        if change.isDirectory, let child { tree.insert(child, in: event.watch, name: name) }
        // It was renamed before its creation could be acted on.
        defer {
            if change.isDirectory, child == nil {
                appear(change.path, in: event.watch, name: name, readAt: change.readAt, emit)
            }
        }
        switch (isWatched(first.event.path), isWatched(change.path)) {
        case (true, true):
            var renamed = change
            renamed.operations = .renamed
            renamed.path = first.event.path
            renamed.newPath = change.path
            emit(.change(renamed))
        case (true, false): emit(.change(first.event))
        case (false, true): emit(.change(change))
        case (false, false): break
        }
    }

    /// Watches a directory that has appeared. What was put into it before the watch is reported as created.
    private func appear(
        _ path: ByteString, in parent: Int32, name: ByteString, readAt: UInt64,
        _ emit: (InotifyOutput) -> Void
    ) {
        guard isWatched(path) else { return }
        let watch = add(path)
        guard watch >= 0 else {
            if watch == -ENOSPC { unwatched += 1 }
            return
        }
        tree.insert(watch, in: parent, name: name)
        descend(from: watch, path: path) { entry in
            emit(
                .change(
                    FileEvent(
                        source: .inotify, operations: .created, path: entry.path,
                        isDirectory: entry.isDirectory, pid: 0, readAt: readAt)))
        }
    }
}

extension FileOperations {
    /// The bits of an inotify mask that are about a change.
    fileprivate init(_ mask: InotifyMask) {
        self = []
        if mask.contains(.create) { insert(.created) }
        if !mask.isDisjoint(with: [.delete, .deleteSelf]) { insert(.deleted) }
        if mask.contains(.modify) { insert(.modified) }
        if mask.contains(.closeWrite) { insert(.closedAfterWrite) }
        if mask.contains(.attrib) { insert(.attributes) }
        if !mask.isDisjoint(with: [.movedFrom, .moveSelf]) { insert(.movedFrom) }
        if mask.contains(.movedTo) { insert(.movedTo) }
    }
}
