package import EventModel
internal import Glibc
package import KernelDecoding

/// Paths of directories by handle: from the tree of known directories, else from the kernel.
///
/// Used by the consumer's thread only. Opens no descriptor for longer than a call.
package struct DirectoryResolver: ~Copyable {
    package typealias Verdict = DirectoryTree.Verdict

    private var tree: DirectoryTree
    private var views = MountViews()
    private var watches: [ByteString] = []

    /// Handles that the kernel no longer knows, direct-mapped. They never come back.
    private var gone = [FileHandle?](repeating: nil, count: 256)

    /// What looking up has cost.
    package struct Counts: Equatable, Sendable {
        /// Asked the kernel.
        package var misses: UInt64 = 0
        /// Gone before it was asked.
        package var stale: UInt64 = 0
    }
    package private(set) var counts = Counts()

    /// - Parameter limit: the most directories that are remembered.
    package init(limit: Int = 32_768) { tree = DirectoryTree(limit: limit) }

    package var count: Int { tree.count }
    package var evicted: UInt64 { tree.evicted }

    /// Says what is watched (absolute paths, without symbolic links), and where filesystems are mounted.
    package mutating func configure(watches: [ByteString], mounts: [MarkedMount]) {
        self.watches = watches
        views = MountViews(mounts)
        tree.invalidateVerdicts()
    }

    /// Forgets the tree, after an overflow: a rename may have been among what was lost.
    package mutating func reset() { tree.removeAll() }

    // MARK: Asking

    /// The path of a directory on the host; one inside a watch when it has several. `nil` when it cannot be
    /// known.
    package mutating func path(of directory: FileHandle) -> ByteString? {
        guard let index = lookUp(directory), let path = tree.path(index) else { return nil }
        return hostPath(path, on: directory.filesystem)
    }

    /// Whether events in `directory` matter. One look-up for a directory that was asked for before.
    package mutating func verdict(_ directory: FileHandle) -> Verdict {
        guard let index = lookUp(directory) else { return .unknown }
        let known = tree.verdict(index)
        if known != .unknown { return known }
        guard let inner = tree.path(index) else { return .unknown }
        let verdict = judge(views.hostPaths(of: inner, on: directory.filesystem))
        tree.setVerdict(verdict, of: index)
        return verdict
    }

    /// Whether `directory` is in a watched directory, or one itself.
    package mutating func isWatched(_ directory: FileHandle) -> Bool { verdict(directory) == .inside }

    /// Whether `path` (on the host) is watched.
    package func isWatched(path: ByteString) -> Bool { watches.contains { path.isWithin($0) } }

    private func judge(_ paths: [ByteString]) -> Verdict {
        let watches = watches
        if paths.contains(where: { path in watches.contains { path.isWithin($0) } }) { return .inside }
        let holds = paths.contains { path in watches.contains { $0.parent == path } }
        return holds ? .holdsWatch : .outside
    }

    private func hostPath(_ path: ByteString, on filesystem: UInt64) -> ByteString? {
        let candidates = views.hostPaths(of: path, on: filesystem)
        let watches = watches
        return candidates.first { path in watches.contains { path.isWithin($0) } } ?? candidates.first
    }

    /// The path of any object on the host, asked of the kernel; not remembered.
    package mutating func objectPath(_ object: FileHandle) -> ByteString? {
        for entrance in views.entrances(to: object.filesystem) {
            guard let mount = open(entrance.mountPoint, of: object.filesystem) else { continue }
            guard let descriptor = DirectoryHandles.open(object, on: mount.value) else { return nil }
            return DirectoryHandles.path(of: descriptor.value)
        }
        return nil
    }

    // MARK: Telling

    /// A directory was created, or found.
    package mutating func noteCreated(_ directory: FileHandle, in parent: FileHandle, name: ByteString) {
        guard lookUp(parent) != nil else { return }
        tree.insert(directory, in: parent, name: name)
    }

    /// A directory was renamed or moved. All paths below it follow.
    package mutating func noteRenamed(_ directory: FileHandle, to parent: FileHandle, name: ByteString) {
        guard tree.find(directory) != nil else { return }
        if lookUp(parent) == nil || tree.insert(directory, in: parent, name: name) == nil {
            tree.detach(directory)
        }
    }

    /// A directory was deleted. Its path stays known for a while, for events that come late.
    package mutating func noteDeleted(_ directory: FileHandle) { tree.noteDeleted(directory) }

    /// A directory of which only the name is known (before Linux 5.17) was created in or moved to `parent`.
    package mutating func noteAppeared(in parent: FileHandle, name: ByteString) {
        guard let path = path(of: parent), let descriptor = DirectoryHandles.openDirectory(path),
            let found = DirectoryHandles.locate(descriptor.value, name, filesystem: parent.filesystem)
        else { return }
        noteCreated(found.handle, in: parent, name: name)
    }

    // MARK: Walking

    /// Learns the directories in and below all watches, so that they still have paths when they are deleted.
    ///
    /// - Parameter limit: the most directories to learn. Half of the tree's room at most.
    package mutating func seedWatches(limit: Int = .max) {
        var left = min(limit, tree.limit / 2)
        let watches = watches
        let mounted = views.mountPoints.filter { path in watches.contains { path.isWithin($0) } }
        for place in watches + mounted.filter({ !watches.contains($0) }) {
            left -= seed(place, limit: left)
        }
    }

    /// Learns the directories in and below `root`, on the mount that it is on. Returns how many.
    @discardableResult
    package mutating func seed(_ root: ByteString, limit: Int) -> Int {
        guard let top = DirectoryHandles.openDirectory(root),
            let filesystem = DirectoryHandles.filesystem(of: top.value),
            let (handle, mount) = DirectoryHandles.locate(top.value, filesystem: filesystem),
            lookUp(handle) != nil
        else { return 0 }
        var pending: [(handle: FileHandle, path: ByteString)] = [(handle, root)]
        var count = 0
        while count < limit, let next = pending.popLast() {
            count += 1
            let entries = DirectoryHandles.subdirectories(of: next.path, filesystem: filesystem, mount: mount)
            for entry in entries {
                tree.insert(entry.handle, in: next.handle, name: entry.name)
                pending.append((entry.handle, next.path.appending(entry.name)))
            }
        }
        return count
    }

    // MARK: Asking the kernel

    /// The node of `directory`, put into the tree if it was not there or had lost its parents.
    private mutating func lookUp(_ directory: FileHandle) -> DirectoryTree.Index? {
        if let index = tree.find(directory), tree.isRooted(index) { return index }
        let slot = Int(truncatingIfNeeded: directory.mixed & 255)
        if gone[slot] == directory { return nil }
        counts.misses += 1
        for entrance in views.entrances(to: directory.filesystem) {
            guard let mount = open(entrance.mountPoint, of: directory.filesystem) else { continue }
            guard let descriptor = DirectoryHandles.open(directory, on: mount.value),
                let path = DirectoryHandles.path(of: descriptor.value)
            else {
                gone[slot] = directory
                break
            }
            // Outside of a bound directory the kernel gives the path within the filesystem.
            let isBelow = path.isWithin(entrance.mountPoint)
            let inner =
                isBelow
                ? MountViews.rebase(path, from: entrance.mountPoint, to: entrance.root) : path
            let top = isBelow ? entrance.root : "/"
            insertChain(directory, descriptor: descriptor.value, path: inner, top: top)
            return tree.find(directory)
        }
        counts.stale += 1
        return nil
    }

    /// A descriptor of the mount point, if `filesystem` is still what is there.
    private func open(_ mountPoint: ByteString, of filesystem: UInt64) -> OwnedDescriptor? {
        guard let mount = DirectoryHandles.openDirectory(mountPoint),
            DirectoryHandles.filesystem(of: mount.value) == filesystem
        else { return nil }
        return mount
    }

    /// Puts `directory` and its ancestors up to `top`, or to the first known one, into the tree.
    private mutating func insertChain(
        _ directory: FileHandle, descriptor: Int32, path: ByteString, top: ByteString
    ) {
        var chain: [(handle: FileHandle, path: ByteString)] = [(directory, path)]
        var current = path
        var level = dup(descriptor)
        defer { close(level) }
        while current != top, current != "/" {
            guard DirectoryHandles.climb(&level),
                let handle = DirectoryHandles.locate(level, filesystem: directory.filesystem)?.handle
            else { break }
            current = current.parent
            chain.append((handle, current))
            // What events told beats what is read: they come in order, and the rest of them is still to come.
            if let known = tree.find(handle), tree.isRooted(known) { break }
        }
        guard let last = chain.popLast() else { return }
        var parent = last.handle
        if tree.find(parent).map({ tree.isRooted($0) }) != true { tree.insertRoot(parent, path: last.path) }
        while let next = chain.popLast() {
            tree.insert(next.handle, in: parent, name: next.path.lastComponent)
            parent = next.handle
        }
    }
}
