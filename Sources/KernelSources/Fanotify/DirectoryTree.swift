package import EventModel
package import KernelDecoding

/// Directories by handle, as a tree: a rename rewrites one node, and all paths below it follow.
///
/// Bounded: when full, a directory that was not asked for lately and has no children goes. Makes no calls.
package struct DirectoryTree {
    /// Whether a directory matters for the watches.
    package enum Verdict: UInt8, Sendable {
        case unknown
        /// Nothing in it is watched.
        case outside
        /// Not watched itself, but the name of a watched path is in it.
        case holdsWatch
        /// In a watched directory, or one itself.
        case inside
    }

    /// Index of a node. Valid until the next insertion.
    package typealias Index = Int32
    private static let none: Index = -1
    /// The parent of a node that stands for a mount's root: its name is the path in the filesystem.
    private static let rooted: Index = -2

    private struct Node {
        var handle: FileHandle
        /// The name in the parent; in a root the path within the filesystem.
        var name: ByteString
        var parent: Index
        var nextInBucket: Index
        var children: Int32 = 0
        var epoch: UInt32 = 0
        var verdict = Verdict.unknown
        /// Asked for since the clock's hand came by.
        var used = true
    }

    private var nodes: ContiguousArray<Node> = []
    private var buckets: [Index]
    private var hand = 0
    private var epoch: UInt32 = 1
    /// The most directories that are kept.
    package let limit: Int
    package private(set) var evicted: UInt64 = 0

    package init(limit: Int = 32_768) {
        self.limit = max(limit, 64)
        var size = 64
        while size < self.limit { size *= 2 }
        buckets = Array(repeating: DirectoryTree.none, count: size)
    }

    package var count: Int { nodes.count }

    /// Forgets all: after events were lost nothing in here is certain.
    package mutating func removeAll() {
        nodes.removeAll(keepingCapacity: true)
        for bucket in buckets.indices { buckets[bucket] = DirectoryTree.none }
        hand = 0
        invalidateVerdicts()
    }

    /// All verdicts become unknown: a directory moved, or watches or mounts changed.
    package mutating func invalidateVerdicts() {
        epoch &+= 1
        // After four billion renames an old verdict would look fresh.
        if epoch == 0 {
            epoch = 1
            for index in nodes.indices { nodes[index].epoch = 0 }
        }
    }

    // MARK: Look-up

    package mutating func find(_ handle: FileHandle) -> Index? {
        var index = buckets[bucket(of: handle)]
        while index >= 0 {
            if nodes[Int(index)].handle == handle {
                nodes[Int(index)].used = true
                return index
            }
            index = nodes[Int(index)].nextInBucket
        }
        return nil
    }

    package func verdict(_ index: Index) -> Verdict {
        let node = nodes[Int(index)]
        return node.epoch == epoch ? node.verdict : .unknown
    }

    package mutating func setVerdict(_ verdict: Verdict, of index: Index) {
        nodes[Int(index)].verdict = verdict
        nodes[Int(index)].epoch = epoch
    }

    /// The path within the filesystem, or `nil` when an ancestor is not known.
    package func path(_ index: Index) -> ByteString? {
        var chain: [Index] = []
        var at = index
        while true {
            guard at >= 0, chain.count <= DirectoryTree.maximumDepth else { return nil }
            chain.append(at)
            let parent = nodes[Int(at)].parent
            if parent == DirectoryTree.rooted { break }
            at = parent
        }
        var path = nodes[Int(chain.removeLast())].name
        while let next = chain.popLast() { path = path.appending(nodes[Int(next)].name) }
        return path
    }

    /// Whether all ancestors are known.
    package func isRooted(_ index: Index) -> Bool {
        var at = index
        var steps = 0
        while at >= 0, steps <= DirectoryTree.maximumDepth {
            at = nodes[Int(at)].parent
            steps += 1
        }
        return at == DirectoryTree.rooted
    }

    /// More than a path of 4096 bytes can have; ends a walk over a loop, which only lost events could make.
    private static let maximumDepth = 2_048

    // MARK: Change

    /// Makes `handle` the directory that `path` names within its filesystem, without a parent.
    @discardableResult
    package mutating func insertRoot(_ handle: FileHandle, path: ByteString) -> Index {
        if let index = find(handle) {
            move(index, to: DirectoryTree.rooted, name: path)
            return index
        }
        return add(handle, parent: DirectoryTree.rooted, name: path)
    }

    /// Makes `handle` the directory `name` in `parent`, wherever it was before.
    ///
    /// `parent` is a handle, not an index: making room may move nodes. `nil` when it is not known.
    @discardableResult
    package mutating func insert(_ handle: FileHandle, in parent: FileHandle, name: ByteString) -> Index? {
        guard let parentIndex = find(parent) else { return nil }
        if let index = find(handle) {
            guard !isWithin(parentIndex, index) else { return nil }
            move(index, to: parentIndex, name: name)
            return index
        }
        // The parent must survive the eviction that may follow.
        nodes[Int(parentIndex)].children += 1
        let index = add(handle, parent: DirectoryTree.none, name: name)
        guard let parentIndex = find(parent) else { return nil }
        nodes[Int(index)].parent = parentIndex
        return index
    }

    /// Cuts `handle` off from its parent: it, and all below it, has no path until it is inserted again.
    package mutating func detach(_ handle: FileHandle) {
        guard let index = find(handle) else { return }
        move(index, to: DirectoryTree.none, name: nodes[Int(index)].name)
    }

    /// Lets a directory that has been deleted go first. It resolves until then.
    package mutating func noteDeleted(_ handle: FileHandle) {
        guard let index = find(handle) else { return }
        nodes[Int(index)].used = false
    }

    private mutating func move(_ index: Index, to parent: Index, name: ByteString) {
        let node = nodes[Int(index)]
        if node.parent == parent, node.name == name { return }
        if node.parent >= 0 { nodes[Int(node.parent)].children -= 1 }
        if parent >= 0 { nodes[Int(parent)].children += 1 }
        nodes[Int(index)].parent = parent
        nodes[Int(index)].name = name
        invalidateVerdicts()
    }

    /// Whether `index` is `ancestor` or below it.
    private func isWithin(_ index: Index, _ ancestor: Index) -> Bool {
        var at = index
        var steps = 0
        while at >= 0, steps <= DirectoryTree.maximumDepth {
            if at == ancestor { return true }
            at = nodes[Int(at)].parent
            steps += 1
        }
        return false
    }

    private func bucket(of handle: FileHandle) -> Int {
        Int(truncatingIfNeeded: handle.mixed & UInt64(buckets.count - 1))
    }

    private mutating func add(_ handle: FileHandle, parent: Index, name: ByteString) -> Index {
        let bucket = bucket(of: handle)
        let node = Node(handle: handle, name: name, parent: parent, nextInBucket: buckets[bucket])
        guard nodes.count >= limit, let victim = victim() else {
            nodes.append(node)
            let index = Index(truncatingIfNeeded: nodes.count - 1)
            buckets[bucket] = index
            return index
        }
        unlink(victim)
        // The victim may have been first in the new node's bucket.
        nodes[Int(victim)] = node
        nodes[Int(victim)].nextInBucket = buckets[bucket]
        buckets[bucket] = victim
        evicted += 1
        return victim
    }

    /// Second chance: the first childless node from the hand on that was not asked for since the last round.
    /// Two rounds find one, because a tree has leaves.
    private mutating func victim() -> Index? {
        for _ in 0..<(2 * nodes.count) {
            if hand >= nodes.count { hand = 0 }
            let at = hand
            hand += 1
            if nodes[at].children > 0 { continue }
            if !nodes[at].used { return Index(truncatingIfNeeded: at) }
            nodes[at].used = false
        }
        return nil
    }

    private mutating func unlink(_ index: Index) {
        let node = nodes[Int(index)]
        if node.parent >= 0 { nodes[Int(node.parent)].children -= 1 }
        let bucket = bucket(of: node.handle)
        if buckets[bucket] == index {
            buckets[bucket] = node.nextInBucket
            return
        }
        var at = buckets[bucket]
        while at >= 0 {
            let next = nodes[Int(at)].nextInBucket
            if next == index {
                nodes[Int(at)].nextInBucket = node.nextInBucket
                return
            }
            at = next
        }
    }
}
