internal import EventModel
internal import KernelDecoding

/// Where the filesystems are mounted: between paths within a filesystem and paths on the host.
struct MountViews {
    /// One place at which a filesystem, or a directory of it, is mounted.
    private struct View {
        /// What is mounted, as a path within the filesystem.
        var root: ByteString
        var mountPoint: ByteString
    }

    private var views: [UInt64: [View]] = [:]

    init(_ mounts: [MarkedMount] = []) {
        for marked in mounts {
            let view = View(root: marked.mount.root, mountPoint: marked.mount.mountPoint)
            views[marked.filesystem, default: []].append(view)
        }
        // Whole filesystems before bound directories, and of those the first mounted.
        for key in views.keys {
            views[key]?.sort { $0.root.count < $1.root.count }
        }
    }

    var mountPoints: [ByteString] { views.values.flatMap { $0.map(\.mountPoint) } }

    /// All host paths of `path` (within the filesystem); the preferred first.
    func hostPaths(of path: ByteString, on filesystem: UInt64) -> [ByteString] {
        (views[filesystem] ?? []).compactMap { view in
            guard path.isWithin(view.root) else { return nil }
            return MountViews.rebase(path, from: view.root, to: view.mountPoint)
        }
    }

    /// Mount points at which `filesystem` can be opened, with the root of each; the preferred first.
    func entrances(to filesystem: UInt64) -> [(mountPoint: ByteString, root: ByteString)] {
        (views[filesystem] ?? []).map { ($0.mountPoint, $0.root) }
    }

    /// `path`, which is in `old`, as if `old` were `new`.
    static func rebase(_ path: ByteString, from old: ByteString, to new: ByteString) -> ByteString {
        if old == new { return path }
        let skipped = old.bytes.last == UInt8(ascii: "/") ? old.count : old.count + 1
        guard path.count >= skipped, path != old else { return new }
        return new.appending(ByteString(Array(path.bytes[skipped...])))
    }
}
