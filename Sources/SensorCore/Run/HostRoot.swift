package import EventModel
internal import FileReading

/// Where the host's root directory is for the sensor: `/host` in a pod, where the node's is mounted. Events name files as
/// the host does.
package struct HostRoot: Sendable {
    /// Absolute, without a slash at its end; empty for `/` itself.
    package let path: String
    let bytes: ByteString

    package init(_ path: String = "") {
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        bytes = ByteString(path)
    }

    /// The host's `path`, as the sensor finds it.
    package func place(_ path: String) -> String { self.path + path }

    package func place(_ path: ByteString) -> ByteString {
        if bytes.isEmpty { return path }
        return path == "/" ? bytes : ByteString(bytes.bytes + path.bytes)
    }

    /// `path`, as the sensor finds it, without symbolic links: absolute ones lead to where they do on the host. `nil`
    /// when nothing is there.
    package func resolved(_ path: ByteString) -> ByteString? {
        bytes.isEmpty ? RealPath.of(path) : RealPath.of(name(path), in: bytes)
    }

    /// Where `path`, which is as the sensor finds it, is or will be once it is made.
    func eventual(_ path: ByteString) -> ByteString { RealPath.eventual(path) { resolved($0) } ?? path }

    /// The event as the host's users read it.
    package func told(_ event: SensorEvent) -> SensorEvent {
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

    /// Where the host has the file or directory at `path`, through its links.
    func file(_ path: String) -> String {
        bytes.isEmpty ? path : resolved(place(ByteString(path)))?.text ?? place(path)
    }

    /// What the host calls `path`, which is as the sensor finds it.
    package func name(_ path: ByteString) -> ByteString {
        guard !bytes.isEmpty, path.isWithin(bytes) else { return path }
        return path == bytes ? "/" : ByteString(Array(path.bytes[bytes.count...]))
    }
}
