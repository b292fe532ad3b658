/// The layer of an image or a container that a file lies in, known by where runtimes keep layers.
package struct ContainerLayer: Equatable, Sendable {
    /// Who keeps it.
    package enum Storage: String, Sendable, CaseIterable {
        /// Docker's `overlay2`.
        case docker = "overlay2"
        /// The library of Podman and CRI-O, `containers/storage`.
        case containers = "containers-storage"
        /// The snapshotter of containerd.
        case containerd
    }

    package var storage: Storage
    /// As its directory is called: a mount's or a layer's digest, a snapshot's number. Not the container's id.
    package var id: ByteString
    /// With the content of the layer.
    package var directory: ByteString
    /// From the top of the layer: `/etc/passwd`.
    package var path: ByteString

    /// `nil` when `path` (absolute) lies in no layer. Of a layer in a layer, the inner one.
    package init?(_ path: ByteString) {
        let bytes = path.bytes
        var found: ContainerLayer?
        // Ends of the names so far, the last three of them.
        var (third, second, first) = (0..<0, 0..<0, 0..<0)
        var at = 0
        while at < bytes.count {
            let start = at + 1
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
            if let storage = Storage(
                bytes[third], bytes[second], id: bytes[first], content: bytes[start..<end])
            {
                found = ContainerLayer(
                    storage: storage, id: ByteString(Array(bytes[first])),
                    directory: ByteString(Array(bytes[..<end])),
                    path: end == bytes.count ? "/" : ByteString(Array(bytes[end...])))
            }
            (third, second, first) = (second, first, start..<end)
            at = end
        }
        guard let found else { return nil }
        self = found
    }

    private init(storage: Storage, id: ByteString, directory: ByteString, path: ByteString) {
        self.storage = storage
        self.id = id
        self.directory = directory
        self.path = path
    }
}

extension ContainerLayer.Storage {
    /// By four names of a path that follow one another; `nil` when the last is not a layer's content.
    fileprivate init?(
        _ grandparent: ArraySlice<UInt8>, _ parent: ArraySlice<UInt8>, id: ArraySlice<UInt8>,
        content: ArraySlice<UInt8>
    ) {
        if content.elementsEqual("diff".utf8) {
            if parent.elementsEqual("overlay2".utf8), id.isDockerLayer {
                self = .docker
                return
            }
            if parent.elementsEqual("overlay".utf8), id.count == 64, id.allSatisfy(\.isHexDigit) {
                self = .containers
                return
            }
        }
        if content.elementsEqual("fs".utf8), parent.elementsEqual("snapshots".utf8),
            grandparent.elementsEqual("io.containerd.snapshotter.v1.overlayfs".utf8), !id.isEmpty,
            id.allSatisfy({ (0x30...0x39).contains($0) })
        {
            self = .containerd
            return
        }
        return nil
    }
}

extension ArraySlice<UInt8> {
    /// 64 hexadecimal digits, those with `-init`, or the 25 letters and digits of BuildKit.
    fileprivate var isDockerLayer: Bool {
        let isDigest = count >= 64 && prefix(64).allSatisfy(\.isHexDigit)
        if isDigest { return count == 64 || dropFirst(64).elementsEqual("-init".utf8) }
        return count == 25 && allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool { (0x30...0x39).contains(self) || (0x61...0x66).contains(self) }
}
