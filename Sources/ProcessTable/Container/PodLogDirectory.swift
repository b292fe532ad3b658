package import EventModel

/// A pod as `/var/log/pods` names it: kubelet makes a directory `NAMESPACE_NAME_UID` there for each pod of the node,
/// which tells the names without asking an API server.
package struct PodLogDirectory: Hashable, Sendable {
    package var namespace: String
    package var name: String
    package var uid: String

    /// Decodes the name of a directory below `/var/log/pods`; `nil` when it is not a pod's. Names in Kubernetes have
    /// no underscore.
    package init?(_ directory: ByteString) {
        let parts = directory.bytes.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isDNSName, parts[1].isDNSName, parts[2].isPodUID else { return nil }
        namespace = String(decoding: parts[0], as: UTF8.self)
        name = String(decoding: parts[1], as: UTF8.self)
        uid = String(decoding: parts[2], as: UTF8.self)
    }
}

extension ContainerIdentity {
    /// The same container with the names of its pod, when `directory` is that pod's.
    package func named(by directory: PodLogDirectory) -> ContainerIdentity {
        guard directory.uid == podUID else { return self }
        var named = self
        named.podName = directory.name
        named.podNamespace = directory.namespace
        return named
    }
}

extension ArraySlice<UInt8> {
    fileprivate var isDNSName: Bool {
        !isEmpty && count <= 253
            && allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e
            }
    }

    /// 36 bytes, or 32 for a static pod, whose uid is a hash.
    fileprivate var isPodUID: Bool {
        (count == 32 && allSatisfy(\.isHexDigit))
            || (count == 36 && allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: "-") })
    }
}
