package import EventModel
internal import FileIntegrity
internal import Glibc
internal import KernelDecoding
internal import ProcessTable

/// Finds the container layers that files lie in: by their paths, and of files in a container's merged tree by the mount
/// table. One thread owns it.
package final class LayerFinder {
    private let host: HostRoot
    /// `/proc/self/mountinfo`, which says when mounts have changed; -1 when the host refuses it.
    private let mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    private var merged: MergedLayers?

    package convenience init() { self.init(host: HostRoot()) }

    /// - Parameter host: paths are the host's, and what they name is looked for below it.
    init(host: HostRoot) { self.host = host }

    deinit { if mounts >= 0 { close(mounts) } }

    /// The layer that has what is now at `path`; `nil` when that is in no container.
    package func layer(of path: ByteString) -> ContainerLayer? {
        if let layer = ContainerLayer(path) { return layer }
        if merged == nil || mountsHaveChanged {
            let table = MountTable(
                mountinfo: SmallFile.read("/proc/self/mountinfo", limit: 4 << 20).span)
            merged = MergedLayers(table)
        }
        for candidate in merged?.candidates(of: host.place(path)) ?? [] {
            let place = host.place(candidate)
            guard let found = FileState(place) else { continue }
            return found.isWhiteout ? nil : resolved(place)
        }
        return nil
    }

    /// The layer by its own name: Docker and Podman mount layers by symbolic links with short ones.
    private func resolved(_ place: ByteString) -> ContainerLayer? {
        guard let parent = realpath(place.parent.zeroTerminated, nil) else { return nil }
        defer { free(parent) }
        let name = place.lastComponent
        return ContainerLayer(host.name(ByteString(String(cString: parent)).appending(name)))
    }

    private var mountsHaveChanged: Bool {
        var wait = pollfd(fd: mounts, events: Int16(POLLPRI), revents: 0)
        return poll(&wait, 1, 0) > 0
    }
}
