/// What the path of one cgroup says.
enum CgroupPath {
    enum Finding {
        /// Nothing in the path is of a container.
        case none
        /// Something may be, but not in a known shape.
        case unclear
        case container(CgroupMatch)
    }

    /// Walks the path from the root. The innermost container wins: one within another is found as itself.
    static func finding(_ path: ArraySlice<UInt8>) -> Finding {
        // A cgroup that was removed while a process of it is still a zombie.
        let path = path.dropping(suffix: " (deleted)")
        var walk = CgroupWalk()
        var start = path.startIndex + 1
        while start < path.endIndex {
            let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
            walk.enter(path[start..<end])
            start = end + 1
        }
        return walk.finding
    }
}

/// A walk along a cgroup path, element by element.
private struct CgroupWalk {
    private(set) var finding = CgroupPath.Finding.none
    /// What the path said before its last container.
    private var outer = CgroupPath.Finding.none
    private var parent: ArraySlice<UInt8> = []
    private var depth = 0
    private var isBelowKubepods = false
    /// The pod whose cgroup the walk has passed.
    private var podUID: Range<Int>?
    private var parentIsPod = false

    mutating func enter(_ element: ArraySlice<UInt8>) {
        let uid = podUID(of: element)
        if uid != nil { podUID = uid }
        if let match = runtimeName(element) ?? identifier(element) ?? system(element) {
            outer = finding
            finding = .container(match)
        } else if element.matches("supervisor"), parent.hasPrefix("machine-") {
            // systemd-nspawn itself, outside of its container.
            finding = outer
        } else if case .none = finding, isUnclear(element) {
            finding = .unclear
        }
        if element.contains("kubepods") { isBelowKubepods = true }
        parentIsPod = uid != nil
        parent = element
        depth += 1
    }

    private func found(_ runtime: CgroupMatch.Runtime, _ id: ArraySlice<UInt8>) -> CgroupMatch? {
        id.isEmpty ? nil : CgroupMatch(runtime: runtime, id: id.indices, podUID: podUID)
    }

    /// `docker-ID.scope`, `crio-ID`, and `kubepods-podUID.slice:cri-containerd:ID`, which containerd makes of a
    /// systemd path when its driver is cgroupfs. The monitor's `crio-conmon-ID` has no id after the prefix.
    private func runtimeName(_ element: ArraySlice<UInt8>) -> CgroupMatch? {
        guard element.count > 64 else { return nil }
        let id = element.dropping(suffix: ".scope").suffix(64)
        guard id.isContainerID else { return nil }
        var name = element[..<id.startIndex]
        guard let separator = name.popLast(), separator == UInt8(ascii: "-") || separator == UInt8(ascii: ":")
        else { return nil }
        if separator == UInt8(ascii: ":"), let colon = name.lastIndex(of: separator) {
            name = name[(colon + 1)...]
        }
        if name.matches("docker") { return found(.docker, id) }
        if name.matches("cri-containerd") { return found(.containerd, id) }
        if name.matches("crio") { return found(.crio, id) }
        if name.matches("libpod") || name.matches("libpod-payload") { return found(.podman, id) }
        return name.matches("nerdctl") ? found(.nerdctl, id) : nil
    }

    /// An element that is nothing but an id. What stands above it says whose.
    private func identifier(_ element: ArraySlice<UInt8>) -> CgroupMatch? {
        // containerd's namespace for Kubernetes; ids there are any names.
        if depth == 1, parent.matches("k8s.io") { return found(.containerd, element) }
        guard element.isContainerID else { return nil }
        if parent.matches("docker") { return found(.docker, element) }
        // Docker below kubelet looks the same, and has been gone from there since Kubernetes 1.24.
        if parentIsPod { return found(.containerd, element) }
        // containerd's own default namespace, that of ctr and nerdctl.
        return depth == 1 && parent.matches("default") ? found(.containerd, element) : nil
    }

    /// Containers with an init system: lxc and systemd-nspawn.
    private func system(_ element: ArraySlice<UInt8>) -> CgroupMatch? {
        if let name = element.rest(after: "lxc.payload.") { return found(.lxc, name) }
        if parent.matches("lxc.payload") || (depth == 1 && parent.matches("lxc")) {
            return found(.lxc, element)
        }
        if element.matches("payload"), let unit = parent.rest(after: "systemd-nspawn@") {
            return found(.nspawn, unit.dropping(suffix: ".service"))
        }
        guard parent.matches("machine.slice"), element.hasSuffix(".scope"),
            let name = element.rest(after: "machine-"),
            // libvirt registers its virtual machines with systemd too.
            !name.hasPrefix("qemu\\x2d")
        else { return nil }
        return found(.nspawn, name.dropping(suffix: ".scope"))
    }

    /// Whether only a runtime puts an element here, or makes such a name: builds, sandboxes of unknown runtimes.
    private func isUnclear(_ element: ArraySlice<UInt8>) -> Bool {
        if element.isContainerID { return true }
        return (parentIsPod || (depth == 1 && parent.matches("docker"))) && !element.contains("conmon")
    }

    /// The uid in `kubepods-burstable-podUID.slice` or, below kubepods, `podUID`. That of a static pod has no
    /// hyphens.
    private func podUID(of element: ArraySlice<UInt8>) -> Range<Int>? {
        guard element.count >= 35 else { return nil }
        // `podUID.slice:cri-containerd:ID` has the container behind it.
        let slice = element[..<(element.firstIndex(of: UInt8(ascii: ":")) ?? element.endIndex)]
        let name = slice.dropping(suffix: ".slice")
        for length in [36, 32] where name.count >= length + 3 {
            let uid = name.suffix(length)
            let prefix = name[..<uid.startIndex]
            guard uid.allSatisfy({ $0.isHexDigit || (length == 36 && $0.isUIDSeparator) }) else { continue }
            if isBelowKubepods, prefix.matches("pod") { return uid.indices }
            if prefix.hasSuffix("-pod"), prefix.contains("kubepods") { return uid.indices }
        }
        return nil
    }
}
