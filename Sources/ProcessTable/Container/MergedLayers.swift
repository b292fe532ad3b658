package import EventModel
package import KernelDecoding

/// Where containers show their layers as one tree, in one mount namespace.
package struct MergedLayers {
    /// What is mounted at, or below, such a place.
    private struct Place {
        var mount: MountEntry
        /// `nil` for what is mounted over a part of the container's tree.
        var overlay: OverlayMount?
    }

    private var places: [Place] = []

    /// The layers of runtimes only: the host's own tree may be an overlay too, and that of `/usr`.
    package init(_ mounts: MountTable = MountTable()) {
        let visible = mounts.visible
        let overlays = visible.compactMap { mount in
            OverlayMount(mount).map { Place(mount: mount, overlay: $0) }
        }
        let ofContainers = overlays.filter { place in
            place.mount.mountPoint != "/" && place.overlay.flatMap { ContainerLayer($0.upper) } != nil
        }
        guard !ofContainers.isEmpty else { return }
        places =
            ofContainers
            + visible.filter { mount in
                ofContainers.contains {
                    mount.mountPoint != $0.mount.mountPoint && mount.mountPoint.isWithin($0.mount.mountPoint)
                }
            }.map { Place(mount: $0, overlay: nil) }
    }

    /// What `path` may be called in each of the layers, the uppermost first: the first that is there is it, a whiteout
    /// apart. Empty when the path is in no container's tree.
    package func candidates(of path: ByteString) -> [ByteString] {
        let around = places.filter { path.isWithin($0.mount.mountPoint) }
        guard let place = around.max(by: { $0.mount.mountPoint.count < $1.mount.mountPoint.count }),
            let overlay = place.overlay
        else { return [] }
        let root = place.mount.root == "/" ? [] : place.mount.root.bytes
        let rest = root + path.bytes[place.mount.mountPoint.count...]
        return ([overlay.upper] + overlay.lowerLayers).map { ByteString($0.bytes + rest) }
    }
}
