package import EventModel

/// The watched directories by watch descriptor, as a tree. Makes no calls.
package struct WatchTree {
    private struct Node {
        /// The watch of the parent directory; `nil` in a root, whose name is its path.
        var parent: Int32?
        var name: ByteString
        var children: [ByteString: Int32] = [:]
    }

    private var nodes: [Int32: Node] = [:]

    package init() {}

    package var count: Int { nodes.count }

    /// The path of a watched directory.
    package func path(_ watch: Int32) -> ByteString? {
        var names: [ByteString] = []
        var at = watch
        while let node = nodes[at] {
            names.append(node.name)
            guard let parent = node.parent else {
                var path = names.removeLast()
                while let name = names.popLast() { path = path.appending(name) }
                return path
            }
            // A loop cannot be made: `insert` refuses it.
            at = parent
        }
        return nil
    }

    package func child(_ name: ByteString, of parent: Int32) -> Int32? { nodes[parent]?.children[name] }

    package mutating func insertRoot(_ watch: Int32, path: ByteString) {
        unlink(watch)
        nodes[watch, default: Node(parent: nil, name: path)].parent = nil
        nodes[watch]?.name = path
    }

    /// Makes `watch` the directory `name` in `parent`, wherever it was before.
    package mutating func insert(_ watch: Int32, in parent: Int32, name: ByteString) {
        guard nodes[parent] != nil, !subtree(watch).contains(parent) else { return }
        unlink(watch)
        nodes[watch, default: Node(parent: parent, name: name)].parent = parent
        nodes[watch]?.name = name
        nodes[parent]?.children[name] = watch
    }

    /// Takes `watch` out, without what is below it: the kernel tells about each watch that goes.
    package mutating func remove(_ watch: Int32) {
        unlink(watch)
        nodes[watch] = nil
    }

    /// `watch` and all watches below it.
    package func subtree(_ watch: Int32) -> [Int32] {
        guard nodes[watch] != nil else { return [] }
        var found: [Int32] = []
        var pending = [watch]
        while let next = pending.popLast() {
            found.append(next)
            if let node = nodes[next] { pending.append(contentsOf: node.children.values) }
        }
        return found
    }

    private mutating func unlink(_ watch: Int32) {
        guard let node = nodes[watch], let parent = node.parent, nodes[parent]?.children[node.name] == watch
        else { return }
        nodes[parent]?.children[node.name] = nil
    }
}
