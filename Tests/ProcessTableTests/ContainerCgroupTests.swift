import EventModel
import Testing

@testable import ProcessTable

private let id = String(repeating: "0123456789abcdef", count: 4)
private let inner = String(repeating: "fedcba9876543210", count: 4)
private let uid = "8f3a2b1c-0d4e-4f56-9a7b-1234567890ab"
private let escapedUID = "8f3a2b1c_0d4e_4f56_9a7b_1234567890ab"
private let staticUID = "0123456789abcdef0123456789abcdef"

/// A cgroup path, and what it says: runtime, id and pod, or `nil` for the host.
struct CgroupCase: CustomTestStringConvertible {
    var path: String
    var container: ContainerIdentity?

    init(_ path: String, _ runtime: String? = nil, _ id: String = id, pod: String? = nil) {
        self.path = path
        container = runtime.map { ContainerIdentity(runtime: $0, id: id, podUID: pod) }
    }

    var testDescription: String { path }
    var placement: ContainerPlacement { container.map { .container($0) } ?? .host }

    private static let kubepods = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"

    static let containers = [
        CgroupCase("/docker/\(id)", "docker"),
        CgroupCase("/docker/\(id)/init.scope", "docker"),
        CgroupCase("/docker/\(id) (deleted)", "docker"),
        CgroupCase("/system.slice/docker-\(id).scope", "docker"),
        CgroupCase("/docker/\(id)/docker/\(inner)", "docker", inner),
        CgroupCase("/docker/\(id)/libpod_parent/conmon", "docker"),
        CgroupCase("/docker/\(id)/machine.slice/machine-web.scope/supervisor", "docker"),
        CgroupCase("\(kubepods)\(escapedUID).slice/cri-containerd-\(id).scope", "containerd", pod: uid),
        CgroupCase(
            "/kubepods.slice/kubepods-pod\(escapedUID).slice/cri-containerd-\(id).scope", "containerd",
            pod: uid),
        CgroupCase("\(kubepods)\(staticUID).slice/cri-containerd-\(id).scope", "containerd", pod: staticUID),
        CgroupCase(
            "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod\(escapedUID).slice/"
                + "cri-containerd-\(id).scope",
            "containerd", pod: uid),
        CgroupCase(
            "/system.slice/containerd.service/kubepods-besteffort-pod\(escapedUID).slice:cri-containerd:\(id)",
            "containerd", pod: uid),
        CgroupCase("/kubepods/burstable/pod\(uid)/\(id)", "containerd", pod: uid),
        CgroupCase("/kubepods/pod\(uid)/\(id)", "containerd", pod: uid),
        CgroupCase("/kubepods/besteffort/pod\(staticUID)/\(id)", "containerd", pod: staticUID),
        CgroupCase("/docker/\(inner)/kubelet/kubepods/besteffort/pod\(uid)/\(id)", "containerd", pod: uid),
        CgroupCase("/k8s.io/x1", "containerd", "x1"),
        CgroupCase("/default/\(id)", "containerd"),
        CgroupCase("\(kubepods)\(escapedUID).slice/crio-\(id).scope", "cri-o", pod: uid),
        CgroupCase("\(kubepods)\(escapedUID).slice/crio-\(id).scope/container", "cri-o", pod: uid),
        CgroupCase("/kubepods/burstable/pod\(uid)/crio-\(id)", "cri-o", pod: uid),
        CgroupCase("/machine.slice/libpod-\(id).scope", "podman"),
        CgroupCase("/machine.slice/libpod-\(id).scope/container", "podman"),
        CgroupCase("/machine.slice/machine-libpod_pod_\(inner).slice/libpod-\(id).scope", "podman"),
        CgroupCase("/libpod_parent/libpod-\(id)", "podman"),
        CgroupCase("/system.slice/web.service/libpod-payload-\(id)", "podman"),
        CgroupCase(
            "/user.slice/user-7.slice/user@7.service/user.slice/libpod-\(id).scope/container", "podman"),
        CgroupCase("/system.slice/nerdctl-\(id).scope", "nerdctl"),
        CgroupCase("/lxc.payload.web", "lxc", "web"),
        CgroupCase("/lxc.payload.web/system.slice/ssh.service", "lxc", "web"),
        CgroupCase("/lxc/web", "lxc", "web"),
        CgroupCase("/lxc/web/ns/user.slice", "lxc", "web"),
        CgroupCase("/machine.slice/machine-web\\x2d1.scope", "nspawn", "web-1"),
        CgroupCase("/machine.slice/machine-web.scope/payload/system.slice/cron.service", "nspawn", "web"),
        CgroupCase("/machine.slice/systemd-nspawn@web.service/payload", "nspawn", "web"),
    ]

    static let host = [
        CgroupCase("/"),
        CgroupCase("/init.scope"),
        CgroupCase("/system.slice/docker.service"),
        CgroupCase("/docker"),
        CgroupCase("/kubepods/burstable/pod\(uid)", nil),
        CgroupCase("/process_api/\(staticUID)"),
        CgroupCase("/user.slice/user-1000.slice/session-2.scope"),
        CgroupCase("\(kubepods)\(escapedUID).slice/crio-conmon-\(id).scope"),
        CgroupCase("/machine.slice/libpod-conmon-\(id).scope"),
        CgroupCase("/libpod_parent/conmon"),
        CgroupCase("/lxc.monitor.web"),
        CgroupCase("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"),
        CgroupCase("/machine.slice/machine-web.scope/supervisor"),
        CgroupCase("/machine.slice/systemd-nspawn@web.service/supervisor"),
    ]
}

@Suite("container from cgroup")
struct ContainerCgroupTests {
    static func placement(_ text: String) -> ContainerPlacement? {
        CgroupParser.placement(ofCgroup: ByteString(text))
    }

    @Test("tells every runtime's shape, and the host", arguments: CgroupCase.containers + CgroupCase.host)
    func tellsShapes(shape: CgroupCase) {
        #expect(Self.placement("0::\(shape.path)\n") == shape.placement)
        #expect(Self.placement("4:memory:\(shape.path)\n1:name=systemd:\(shape.path)\n") == shape.placement)
        // Hybrid: the unified hierarchy has nobody in it.
        #expect(Self.placement("13:pids:\(shape.path)\n2:cpu,cpuacct:/\n0::/\n") == shape.placement)
    }

    @Test("the unified hierarchy outranks systemd's, that pids, and pids memory")
    func ranksHierarchies() {
        let lines = [
            "4:memory:/docker/\(id)", "3:pids:/lxc/pids", "1:name=systemd:/lxc/systemd", "0::/lxc/unified",
        ]
        let expected = [id, "pids", "systemd", "unified"]
        for count in 1...lines.count {
            let placement = Self.placement(lines[..<count].joined(separator: "\n") + "\n")
            guard case .container(let container) = placement else {
                Issue.record("no container in \(lines[..<count])")
                continue
            }
            #expect(container.id == expected[count - 1])
        }
    }

    @Test(
        "says nothing when the text does not tell",
        arguments: [
            "", "\n", "0::", "0::/../\(id)\n", "0::/..\n", "2:cpu:/docker/\(id)\n0::/../../x\n", "nonsense\n",
            "0::/docker/buildkit/abc\n", "0::/kubepods/pod\(uid)/kata_sandbox\n", "0::/jobs/\(id)\n",
        ])
    func staysUnknown(text: String) {
        #expect(Self.placement(text) == nil)
    }

    @Test("a text that was cut off is never the host, and never another container")
    func survivesTruncation() {
        let text = Array("12:memory:/docker/\(id)\n1:name=systemd:/docker/\(id)\n0::/system.slice\n".utf8)
        let whole = ContainerPlacement.container(ContainerIdentity(runtime: "docker", id: id))
        for count in 0..<text.count {
            let placement = CgroupParser.placement(ofCgroup: ByteString(Array(text[..<count])))
            #expect(placement == nil || placement == whole)
        }
    }

    @Test("a shim's arguments tell the container")
    func readsShims() {
        let shim: ByteString = "/usr/bin/containerd-shim-runc-v2"
        let docker = ShimArguments.container([
            shim, "-namespace", "moby", "-id", ByteString(id), "-address", "a",
        ])
        #expect(docker == ContainerIdentity(runtime: "docker", id: id))
        let kubernetes = ShimArguments.container([shim, "-namespace", "k8s.io", "-id", "x1"])
        #expect(kubernetes == ContainerIdentity(runtime: "containerd", id: "x1"))
        #expect(ShimArguments.container([shim, "-id"]) == nil)
        #expect(ShimArguments.container(["/bin/sh", "-id", "x1"]) == nil)
        #expect(ShimArguments.container([]) == nil)
    }
}
