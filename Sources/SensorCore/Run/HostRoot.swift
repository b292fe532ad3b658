internal import EventModel

/// Where the host's root directory is for the sensor: `/host` in a pod, where the node's is mounted. Events name files as
/// the host does.
struct HostRoot: Sendable {
    /// Absolute, without a slash at its end; empty for `/` itself.
    let path: String
    private let bytes: ByteString

    init(_ path: String = "") {
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        bytes = ByteString(path)
    }

    /// The host's `path`, as the sensor finds it.
    func place(_ path: String) -> String { self.path + path }

    func place(_ path: ByteString) -> ByteString {
        bytes.isEmpty ? path : ByteString(bytes.bytes + path.bytes)
    }

    /// The event as the host's users read it.
    func told(_ event: SensorEvent) -> SensorEvent {
        guard !bytes.isEmpty else { return event }
        switch event {
        case .change(var change):
            change.path = name(change.path)
            change.previousPath = change.previousPath.map { name($0) }
            change.scratchPaths = change.scratchPaths.map { name($0) }
            return .change(change)
        case .scan(var report):
            report.root = name(report.root)
            return .scan(report)
        default: return event
        }
    }

    /// What the host calls the sensor's `path`.
    func name(_ path: ByteString) -> ByteString {
        guard path.isWithin(bytes) else { return path }
        return path == bytes ? "/" : ByteString(Array(path.bytes[bytes.count...]))
    }
}
