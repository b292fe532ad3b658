/// The user that logged in, as the kernel's `loginuid` has it. Unset is a value of its own, never user 0.
package enum LoginUser: Hashable, Sendable {
    case unset
    case user(UInt32)

    /// `4294967295` is the kernel's unset.
    package init(kernelValue: UInt32) { self = kernelValue == .max ? .unset : .user(kernelValue) }
}

/// The audit session, `4294967295` in the kernel when unset.
package enum LoginSession: Hashable, Sendable {
    case unset
    case session(UInt32)

    package init(kernelValue: UInt32) { self = kernelValue == .max ? .unset : .session(kernelValue) }
}

/// The ids that decide access, in the initial user namespace.
package struct Credentials: Hashable, Sendable {
    package var user: UInt32
    package var effectiveUser: UInt32
    package var group: UInt32
    package var effectiveGroup: UInt32

    package init(user: UInt32, effectiveUser: UInt32, group: UInt32, effectiveGroup: UInt32) {
        self.user = user
        self.effectiveUser = effectiveUser
        self.group = group
        self.effectiveGroup = effectiveGroup
    }
}

/// The container that a process lives in.
package struct ContainerIdentity: Hashable, Sendable {
    /// `docker`, `containerd`, `cri-o`, `podman`, `nerdctl`, `lxc`, `nspawn`, or `unknown` when only namespaces tell.
    package var runtime: String
    /// The runtime's id; 64 hexadecimal digits with most. Empty when only namespaces tell.
    package var id: String
    package var podUID: String?
    package var podName: String?
    package var podNamespace: String?
    package var image: String?

    package init(
        runtime: String, id: String, podUID: String? = nil, podName: String? = nil,
        podNamespace: String? = nil,
        image: String? = nil
    ) {
        self.runtime = runtime
        self.id = id
        self.podUID = podUID
        self.podName = podName
        self.podNamespace = podNamespace
        self.image = image
    }
}

/// Where a process lives: on the host, or in a container.
package enum ContainerPlacement: Hashable, Sendable {
    case host
    case container(ContainerIdentity)
}

/// A process at one moment of its life.
package struct ProcessIdentity: Equatable, Sendable {
    /// In the initial pid namespace.
    package var pid: Int32
    /// Nanoseconds since boot (CLOCK_BOOTTIME). Tells apart processes that had the same pid. `nil` when unknown.
    package var start: UInt64?
    package var parentPid: Attributed<Int32> = .unknown
    /// `/proc/PID/exe`: for a script the interpreter.
    package var executable: Attributed<ByteString> = .unknown
    package var arguments: Attributed<[ByteString]> = .unknown
    package var workingDirectory: Attributed<ByteString> = .unknown
    /// `comm`, at most 15 bytes.
    package var name: Attributed<ByteString> = .unknown
    package var credentials: Attributed<Credentials> = .unknown
    package var loginUser: Attributed<LoginUser> = .unknown
    package var loginSession: Attributed<LoginSession> = .unknown
    /// `pts/0`, or empty without a terminal.
    package var terminal: Attributed<ByteString> = .unknown
    package var container: Attributed<ContainerPlacement> = .unknown

    package init(pid: Int32, start: UInt64? = nil) {
        self.pid = pid
        self.start = start
    }
}

/// Who did it: the process and its ancestors, the parent first, up to init as far as they are known.
package struct Attribution: Sendable {
    package var process: ProcessIdentity
    package var ancestors: [ProcessIdentity]

    package init(process: ProcessIdentity, ancestors: [ProcessIdentity] = []) {
        self.process = process
        self.ancestors = ancestors
    }
}
