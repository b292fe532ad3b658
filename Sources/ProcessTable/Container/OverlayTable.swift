package import EventModel
package import KernelDecoding

/// The overlay mounts of this host: which container a path in an upper layer belongs to, and what it is called
/// in there. Forgets an overlay ten minutes after it was last seen, so that what a dead container did is still told.
package struct OverlayTable {
    /// Nanoseconds that an overlay is kept after it was last seen.
    private let lifetime: UInt64
    private let capacity: Int
    private let maximumSize: Int

    private var overlays = DirectoryIndex<OverlayMount>()
    /// Upper directories by work directory.
    private var works = DirectoryIndex<ByteString>()
    /// About how many bytes the overlays take.
    private var size = 0
    private var lastExpiry: UInt64 = 0
    /// How many overlays were forgotten before their time because there were too many.
    package private(set) var evicted: UInt64 = 0

    /// - Parameter maximumSize: Bytes, about; a mount of 500 layers can take many.
    package init(
        lifetime: UInt64 = 600_000_000_000, capacity: Int = 4_096, maximumSize: Int = 4 << 20
    ) {
        self.lifetime = lifetime
        self.capacity = capacity
        self.maximumSize = maximumSize
    }

    /// How many overlays are known.
    package var count: Int { overlays.count }

    /// Takes notice of a mount that a process in `container` (`nil`: on the host, or unknown) has in its mount
    /// namespace. What is no overlay with an upper layer is passed over.
    ///
    /// Only the mount on "/" says that the overlay is the container's: a privileged container sees those of others
    /// below. The first container stays, since no upper layer changes hands; one that comes later looks into it.
    ///
    /// - Parameter now: Nanoseconds on any clock that does not go back.
    package mutating func learn(_ mount: MountEntry, container: ContainerIdentity?, now: UInt64) {
        guard var overlay = OverlayMount(mount) else { return }
        let isRoot = mount.mountPoint == "/" && mount.root == "/"
        let known = overlays[overlay.upper]
        overlay.container = known?.container ?? (isRoot ? container : nil)
        overlay.lastSeen = max(now, known?.lastSeen ?? 0)
        if known != nil { forget(overlay.upper) }
        overlays[overlay.upper] = overlay
        if let work = overlay.work { works[work] = overlay.upper }
        size += overlay.size
        if now >= lastExpiry.addingSaturated(lifetime / 10) { expire(now: now) }
        if overlays.count > capacity || size > maximumSize { evict(keeping: overlay.upper) }
    }

    /// The container that `hostPath` lies in the upper layer of, and the path in there. The container is `nil` when
    /// the overlay is known and who uses it is not; the result when there is no such overlay.
    package func lookup(_ hostPath: ByteString) -> (container: ContainerIdentity?, path: ByteString)? {
        guard let (upper, overlay) = overlays.deepest(above: hostPath) else { return nil }
        return (overlay.container, hostPath.below(upper))
    }

    /// Whether the upper layer of some overlay lies in `directory`, or holds it.
    package func hasUpperLayer(around directory: ByteString) -> Bool {
        overlays.values.contains { $0.upper.isWithin(directory) || directory.isWithin($0.upper) }
    }

    /// What `hostPath`, in an upper layer, is called in each of the lower layers, the uppermost first. Empty when it
    /// is in no upper layer. Layers that hide those below them (opaque directories, whiteouts) are not looked into.
    package func lowerPaths(of hostPath: ByteString) -> [ByteString] {
        guard let (upper, overlay) = overlays.deepest(above: hostPath) else { return [] }
        let rest = hostPath.bytes[upper.count...]
        return overlay.lowerLayers.map { layer in
            ByteString((layer == "/" ? [] : layer.bytes) + rest)
        }
    }

    /// Whether `hostPath` lies in the work directory of an overlay: scratch space of the kernel's own.
    package func isWorkPath(_ hostPath: ByteString) -> Bool { works.deepest(above: hostPath) != nil }

    /// Forgets the overlays that were last seen more than a lifetime before `now`. `learn` does it now and then.
    package mutating func expire(now: UInt64) {
        lastExpiry = now
        for overlay in overlays.values where overlay.lastSeen.addingSaturated(lifetime) < now {
            forget(overlay.upper)
        }
    }

    /// Forgets the longest unseen, some more than there must go, so that the next mounts find room.
    private mutating func evict(keeping newest: ByteString) {
        for overlay in overlays.values.sorted(by: { $0.lastSeen < $1.lastSeen }) where overlay.upper != newest
        {
            guard overlays.count > capacity - capacity / 8 || size > maximumSize - maximumSize / 8 else {
                return
            }
            forget(overlay.upper)
            evicted += 1
        }
    }

    private mutating func forget(_ upper: ByteString) {
        guard let overlay = overlays[upper] else { return }
        size -= overlay.size
        overlays[upper] = nil
        if let work = overlay.work, works[work] == upper { works[work] = nil }
    }
}

extension ByteString {
    /// This path as seen from `directory`, which it lies in.
    fileprivate func below(_ directory: ByteString) -> ByteString {
        count > directory.count ? ByteString(Array(bytes[directory.count...])) : "/"
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
