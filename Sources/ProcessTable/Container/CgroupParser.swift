package import EventModel

/// Reads from the text of `/proc/PID/cgroup` whether a process lives in a container, and in which.
///
/// It runs once for each exec, so the common answer, `host`, costs one pass over the bytes.
package enum CgroupParser {
    /// Where the process with this `/proc/PID/cgroup` lives.
    ///
    /// `nil` when the text cannot tell: it was cut off, it was read from within another cgroup namespace (a path
    /// that begins with `/..`), or it has an element that looks like a container of a kind that is not known here.
    /// Namespaces, the root filesystem or `ShimArguments` may then say more.
    ///
    /// The corresponding kernel definition is `proc_cgroup_show` in `kernel/cgroup/cgroup.c`.
    package static func placement(ofCgroup text: ByteString) -> ContainerPlacement? {
        let bytes = text.bytes
        var best: (rank: Int, match: CgroupMatch)?
        var isClear = !bytes.isEmpty
        var start = 0
        // The kernel ends each line with a line feed; what follows the last one was cut off.
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard let (rank, path) = hierarchy(bytes[start..<end]), !path.hasPrefix("/..") else { return nil }
            switch CgroupPath.finding(path) {
            case .none: break
            case .unclear: isClear = false
            case .container(let match): if rank < best?.rank ?? .max { best = (rank, match) }
            }
            start = end + 1
        }
        if let best { return .container(best.match.identity(in: bytes)) }
        return isClear && start == bytes.count ? .host : nil
    }

    /// Splits `4:memory:/path`. The unified hierarchy ranks first, then systemd's own, pids, memory, all others.
    private static func hierarchy(_ line: ArraySlice<UInt8>) -> (rank: Int, path: ArraySlice<UInt8>)? {
        let colon = UInt8(ascii: ":")
        guard let first = line.firstIndex(of: colon),
            let second = line[(first + 1)...].firstIndex(of: colon)
        else { return nil }
        let controllers = line[(first + 1)..<second]
        let path = line[(second + 1)...]
        guard path.first == UInt8(ascii: "/") else { return nil }
        if controllers.isEmpty { return (0, path) }
        if controllers.matches("name=systemd") { return (1, path) }
        if controllers.matches("pids") { return (2, path) }
        return (controllers.matches("memory") ? 3 : 4, path)
    }
}

/// A container that was found in a cgroup path, as indices into the text.
struct CgroupMatch {
    enum Runtime: String {
        case docker, containerd, podman, nerdctl, lxc, nspawn
        case crio = "cri-o"
    }

    var runtime: Runtime
    var id: Range<Int>
    var podUID: Range<Int>?

    func identity(in bytes: [UInt8]) -> ContainerIdentity {
        ContainerIdentity(
            runtime: runtime.rawValue, id: CgroupMatch.name(bytes[id]),
            podUID: podUID.map { CgroupMatch.uid(bytes[$0]) })
    }

    /// The name of a slice cannot have the hyphens of the uid: the systemd driver writes `_`.
    private static func uid(_ written: ArraySlice<UInt8>) -> String {
        String(decoding: written.map { $0.isUIDSeparator ? UInt8(ascii: "-") : $0 }, as: UTF8.self)
    }

    /// systemd writes a hyphen within a name as `\x2d`, and other bytes alike.
    private static func name(_ escaped: ArraySlice<UInt8>) -> String {
        var plain: [UInt8] = []
        var index = escaped.startIndex
        while index < escaped.endIndex {
            if let byte = escaped[index...].leadingHexEscape {
                plain.append(byte)
                index += 4
            } else {
                plain.append(escaped[index])
                index += 1
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
