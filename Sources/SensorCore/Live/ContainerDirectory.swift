internal import EventModel
internal import Glibc
internal import KernelDecoding
internal import ProcessTable

/// Which containers there are, what they are called, and where their files lie on the host.
///
/// Learns from the processes that are seen: their cgroup says which container, the mount table of their namespace
/// says which overlay. One thread owns it.
final class ContainerDirectory {
    private var overlays = OverlayTable()
    /// What was found out about a container id, asked once.
    private var described: [String: ContainerIdentity] = [:]
    /// When each foreign mount namespace was seen last, CLOCK_MONOTONIC nanoseconds.
    private var namespaces: [UInt64: UInt64] = [:]
    private let ownNamespace: UInt64?
    private let ownDepth: Int
    private let host: HostRoot

    private static let mostNamespaces = 4_096
    private static let mostContainers = 4_096
    /// A namespace that was not seen for so long (nanoseconds) may be another one: the kernel gives its number again.
    private static let absence: UInt64 = 10_000_000_000
    /// A runtime mounts a container's files in a namespace that is there already, and then executes the container's
    /// program. So each look at a process is a reason to read its mounts again, within this share of the time.
    private var budget = TimeBudget(share: 200, most: 20_000_000)

    /// - Parameters:
    ///   - own: a snapshot of ourselves, to tell other namespaces from our own.
    ///   - host: where the host's files are. Mount tables name layers as the host does.
    init(own: ProcessSnapshot?, host: HostRoot = HostRoot()) {
        self.host = host
        ownNamespace = own?.mountNamespace
        ownDepth = own?.pidNamespaceDepth ?? 1
        learnMounts(of: "self", container: nil)
    }

    // MARK: Processes

    /// Where the process of `snapshot` lives. A cgroup that names no container still is one in a pid namespace of
    /// its own.
    func placement(of snapshot: ProcessSnapshot) -> Attributed<ContainerPlacement> {
        guard let text = snapshot.cgroup, let found = CgroupParser.placement(ofCgroup: text) else {
            return .unknown
        }
        var place = found
        switch found {
        case .container(let identity): place = .container(describe(identity))
        case .host:
            if let depth = snapshot.pidNamespaceDepth, depth > ownDepth {
                place = .container(ContainerIdentity(runtime: "unknown", id: ""))
            }
        }
        learnNamespace(of: snapshot, place)
        return Attributed(place, .snapshot, from: .procfs)
    }

    private func learnNamespace(of snapshot: ProcessSnapshot, _ place: ContainerPlacement) {
        guard let namespace = snapshot.mountNamespace, namespace != ownNamespace, !snapshot.isZombie else {
            return
        }
        let now = snapshot.end
        let isNew = namespaces[namespace].map { $0 &+ Self.absence < now } ?? true
        if isNew, namespaces.count >= Self.mostNamespaces { namespaces.removeAll() }
        namespaces[namespace] = now
        guard isNew || budget.hasSome(at: now) else { return }
        var container: ContainerIdentity?
        if case .container(let identity) = place { container = identity }
        let begin = Clock.monotonic
        learnMounts(of: "\(snapshot.pid)", container: container)
        budget.spend(Clock.monotonic &- begin)
    }

    private func learnMounts(of process: String, container: ContainerIdentity?) {
        let text = SmallFile.read("/proc/\(process)/mountinfo", limit: 4 << 20)
        let now = Clock.monotonic
        for mount in MountTable(mountinfo: text.span).entries where mount.type == "overlay" {
            overlays.learn(mount, container: container, now: now)
        }
    }

    // MARK: Names

    private func describe(_ identity: ContainerIdentity) -> ContainerIdentity {
        if let known = described[identity.id] { return known }
        var result = identity
        if identity.runtime == "docker" {
            let file = SmallFile.read(
                host.file("/var/lib/docker/containers/\(identity.id)/config.v2.json"))
            if !file.isEmpty { result = result.described(by: DockerConfiguration(json: ByteString(file))) }
        }
        if let uid = identity.podUID, let directory = podDirectory(uid: uid) {
            result = result.named(by: directory)
        }
        if described.count >= Self.mostContainers { described.removeAll() }
        described[identity.id] = result
        return result
    }

    private func podDirectory(uid: String) -> PodLogDirectory? {
        guard let listing = opendir(host.file("/var/log/pods")) else { return nil }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { ByteString(Array($0.prefix { $0 != 0 })) }
            if let directory = PodLogDirectory(name), directory.uid == uid { return directory }
        }
        return nil
    }

    // MARK: Files

    /// The mount table of the host has changed.
    func refreshMounts() { learnMounts(of: "self", container: nil) }

    func expire(now: UInt64) { overlays.expire(now: now) }

    /// Whether changes in some container show at or below `directory`.
    func hasUpperLayer(around directory: ByteString) -> Bool {
        overlays.hasUpperLayer(around: host.name(directory))
    }

    /// The same file in the lower layers, the uppermost first.
    func lowerPaths(of path: ByteString) -> [ByteString] {
        overlays.lowerPaths(of: host.name(path)).map { host.place($0) }
    }

    /// Whether `path` lies in an overlay's work directory.
    func isWorkPath(_ path: ByteString) -> Bool { overlays.isWorkPath(host.name(path)) }

    /// The path inside the container whose upper layer holds `path`.
    func containerPath(of path: ByteString) -> ByteString? { overlays.lookup(host.name(path))?.path }
}

/// Time that something may take, a share of the time that goes by. Nanoseconds.
private struct TimeBudget {
    /// One part in so many.
    let share: UInt64
    /// What can be saved up.
    let most: UInt64
    private var left: UInt64
    private var countedAt: UInt64 = 0

    init(share: UInt64, most: UInt64) {
        self.share = share
        self.most = most
        left = most
    }

    mutating func hasSome(at now: UInt64) -> Bool {
        if now > countedAt {
            left = min(most, left + (now - countedAt) / share)
            countedAt = now
        }
        return left > 0
    }

    mutating func spend(_ time: UInt64) { left -= min(left, time) }
}
