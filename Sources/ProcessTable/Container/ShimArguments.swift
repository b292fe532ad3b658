package import EventModel

/// The command line of a container's shim. The parent of a container's first process tells its id when the cgroup
/// does not: `containerd-shim-runc-v2 -namespace moby -id ID -address …`.
package enum ShimArguments {
    /// The container that the shim with these arguments serves; `nil` when this is no shim.
    package static func container(_ arguments: [ByteString]) -> ContainerIdentity? {
        guard let program = arguments.first?.lastComponent,
            program.bytes[...].hasPrefix("containerd-shim"),
            let id = value(of: "-id", in: arguments), !id.isEmpty
        else { return nil }
        // Docker is the one runtime with a namespace of its own.
        let isDocker = value(of: "-namespace", in: arguments) == "moby"
        return ContainerIdentity(runtime: isDocker ? "docker" : "containerd", id: id.text)
    }

    private static func value(of option: ByteString, in arguments: [ByteString]) -> ByteString? {
        guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }
}
