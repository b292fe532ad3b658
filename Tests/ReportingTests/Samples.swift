import EventModel

/// 2026-11-24T14:09:36.123456789Z
let sampleTime: UInt64 = 1_795_529_376_123_456_789

let sampleNames: [UInt8] = Array(
    """
    root:x:0:0:root:/root:/bin/bash
    alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash
    """.utf8)

func process(_ pid: Int32, _ executable: ByteString, login: LoginUser = .user(1000)) -> ProcessIdentity {
    var process = ProcessIdentity(pid: pid, start: UInt64(pid) * 1_000_000_007)
    process.parentPid = Attributed(pid - 1, .exact, from: .audit)
    process.executable = Attributed(executable, .exact, from: .audit)
    process.arguments = Attributed([executable.lastComponent, "-x", "a b"], .snapshot, from: .procfs)
    process.workingDirectory = Attributed("/home/alice", .snapshot, from: .procfs)
    process.name = Attributed(executable.lastComponent, .exact, from: .processConnector)
    process.credentials = Attributed(
        Credentials(user: 1000, effectiveUser: 0, group: 1000, effectiveGroup: 0), .exact, from: .audit)
    process.loginUser = Attributed(login, .exact, from: .audit)
    process.loginSession = Attributed(login == .unset ? .unset : .session(3), .inherited, from: .audit)
    process.terminal = Attributed("pts/3", .snapshot, from: .procfs)
    process.container = Attributed(.host, .snapshot, from: .procfs)
    return process
}

func change(_ kind: ChangeKind = .replaced, _ path: ByteString = "/etc/ssh/sshd_config.d/10-local.conf")
    -> FileChange
{
    var change = FileChange(kind: kind, path: path, type: .file, time: sampleTime, source: .fanotify)
    if kind == .renamed || kind == .linked { change.previousPath = "/etc/ssh/old.conf" }
    (change.inode, change.device, change.size) = (131_072, 0xfe01, 3264)
    (change.mode, change.owner, change.group) = (0o100644, 0, 1000)
    change.attribution = Attribution(
        process: process(812, "/usr/bin/vim.basic"),
        ancestors: [
            process(811, "/usr/bin/bash"), process(810, "/usr/bin/sudo"), process(809, "/usr/bin/bash"),
            process(808, "/usr/sbin/sshd"), process(1, "/usr/lib/systemd/systemd", login: .unset),
        ])
    return change
}

func podChange() -> FileChange {
    var change = change(.created, "/var/lib/containerd/snapshots/12/fs/etc/motd")
    change.containerPath = "/etc/motd"
    change.layer = ContainerLayer(
        "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs/etc/motd")
    change.attribution?.process.container = Attributed(
        .container(
            ContainerIdentity(
                runtime: "containerd", id: String(repeating: "3f", count: 32),
                podUID: "0d5c7b1e-8a35-4d0b-9a2e-cd1f5b8a7c11", podName: "web-0", podNamespace: "shop",
                image: "registry.example/web:1.2")), .snapshot, from: .procfs)
    return change
}

/// All of them, of these bytes.
func furtherDigests(_ byte: UInt8) -> FurtherDigests? {
    ([DigestSet.all.rawValue] + [UInt8](repeating: byte, count: 100)).withUnsafeBytes { FurtherDigests($0) }
}

/// A change that a scan found: every attribute differs.
func scannedChange() -> FileChange {
    var before = FileAttributes(
        type: .file, device: 1, inode: 2, mode: 0o644, owner: 0, group: 0, size: 3, modified: 4, changed: 5)
    before.sha256 = SHA256Digest([UInt8](repeating: 0xab, count: 32))
    before.furtherDigests = furtherDigests(0xab)
    var after = FileAttributes(
        type: .symlink, device: 1, inode: 3, mode: 0o4755, owner: 1_000, group: 1_000, size: 4,
        modified: sampleTime, changed: sampleTime, born: sampleTime, links: 2)
    after.linkTarget = ByteString(Array("/tmp/".utf8) + [0xff])
    (after.isImmutable, after.isAppendOnly) = (true, true)
    (after.acl, after.capabilities, after.extended) = (1, 2, .max)
    after.sha256 = SHA256Digest([UInt8](repeating: 0xcd, count: 32))
    after.furtherDigests = furtherDigests(0xcd)
    var change = FileChange(
        kind: .replaced, path: "/usr/bin/su", type: .symlink, time: sampleTime, source: .scan)
    (change.before, change.after) = (before, after)
    change.interval = 1...sampleTime
    return change
}

/// A change of a large file.
func deferredChange() -> FileChange {
    var change = change(.modified, "/var/log/large")
    change.isDigestDeferred = true
    return change
}

/// A change with its diff. The line that was added has a tab, a backslash, and what `UnifiedDiff` would have escaped.
func diffChange(isTruncated: Bool = false) -> FileChange {
    var change = change(.modified, "/etc/fstab")
    let text =
        "@@ -1,2 +1,2 @@\n # disks\n-/dev/sda1\t/\n+/dev/sdb1\t/\\x1b\u{1b}[2J\n\\ No newline at end of file\n"
    change.contentDiff = UnifiedDiff(text: ByteString(text), added: 1, removed: 1, isTruncated: isTruncated)
    return change
}

/// A change of a file of curl that apt-get made, or nobody known when `isByHand`.
func packageChange(
    _ judgement: PackageVerdict.Judgement = .expected, _ reason: PackageVerdict.Reason = .contentMatches,
    isByHand: Bool = false
) -> FileChange {
    var change = change(.replaced, "/usr/bin/curl")
    change.package = PackageVerdict(
        manager: .dpkg, package: PackageIdentity(name: "curl", version: "8.0-1", architecture: "amd64"),
        judgement: judgement, reason: reason,
        transaction: isByHand ? nil : PackageTransaction(process(700, "/usr/bin/apt-get")))
    return change
}

/// Verdicts that show every member, and every one that can be absent.
func packageChanges() -> [FileChange] {
    var changes = [packageChange()]
    for judgement in PackageVerdict.Judgement.allCases {
        for reason in PackageVerdict.Reason.allCases {
            changes.append(packageChange(judgement, reason, isByHand: judgement == .unexpected))
        }
    }
    var bare = packageChange()
    bare.package?.manager = .rpm
    bare.package?.package = nil
    bare.package?.transaction = PackageTransaction(ProcessIdentity(pid: 7))
    var hostile = packageChange()
    let name = ByteString(Array("\u{1b}[2J\"".utf8) + [0xff])
    hostile.package?.package = PackageIdentity(name: name, version: name)
    hostile.package?.transaction?.arguments = [name, ""]
    hostile.package?.transaction?.loginUser = .unset
    return changes + [bare, hostile]
}

/// Names that are not UTF-8, that hold control characters, and that try to leave their string.
func hostileChange() -> FileChange {
    let hostile = ByteString(
        Array("/tmp/\u{1b}]0;owned\u{7}\n\"\\\u{202e}gpj.".utf8) + [0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80])
    var change = change(.renamed, hostile)
    change.previousPath = hostile
    change.containerPath = hostile
    change.scratchPaths = ["/tmp/plain", hostile]
    change.attribution?.process.executable = Attributed(hostile, .exact, from: .audit)
    change.attribution?.process.name = Attributed(hostile, .exact, from: .audit)
    change.attribution?.process.arguments = Attributed([hostile, "\0"], .exact, from: .audit)
    change.attribution?.process.workingDirectory = Attributed(hostile, .exact, from: .audit)
    if var parent = change.attribution?.process {
        parent.pid = 811
        change.attribution?.ancestors[0] = parent
    }
    return change
}

/// Events that show every member that can be there, and every one that can be absent.
func allSamples() -> [SensorEvent] {
    var events = ChangeKind.allCases.map { SensorEvent.change(change($0)) }
    for type in FileType.allCases {
        var one = change(.created)
        one.type = type
        events.append(.change(one))
    }
    for source in FileEvent.Source.allCases {
        events.append(.change(FileChange(kind: .deleted, path: "/", type: .unknown, time: 0, source: source)))
    }
    var nobody = change(.modified)
    nobody.attribution = Attribution(process: ProcessIdentity(pid: 77))
    events.append(.change(nobody))
    var daemon = change(.modified)
    daemon.attribution?.process.loginUser = Attributed(.unset, .exact, from: .audit)
    daemon.attribution?.process.loginSession = Attributed(.unset, .exact, from: .audit)
    daemon.attribution?.process.terminal = Attributed("", .snapshot, from: .procfs)
    daemon.attribution?.ancestors = []
    (daemon.alsoChangedAttributes, daemon.overwroteTarget) = (true, true)
    events += [.change(daemon), .change(podChange()), .change(hostileChange()), .change(scannedChange())]
    events += [.change(diffChange()), .change(diffChange(isTruncated: true)), .change(deferredChange())]
    events += packageChanges().map { .change($0) }
    for cause in Gap.Cause.allCases {
        events.append(
            .gap(Gap(source: "fanotify", cause: cause, count: nil, from: sampleTime - 1, to: sampleTime)))
    }
    events.append(.gap(Gap(source: "audit", cause: .auditLost, count: 17, from: 0, to: .max)))
    let entry = CoverageEntry(
        source: "audit", state: .degraded(reason: "auditd owns the stream"), detail: "multicast group",
        advice: "stop auditd to be the registered daemon")
    events.append(.coverage(entry, previous: .live, time: sampleTime))
    events.append(.coverage(CoverageEntry(source: "fanotify", state: .live), previous: nil, time: sampleTime))
    events.append(
        .coverage(
            CoverageEntry(source: "inotify", state: .off(reason: "no")),
            previous: .off(reason: "ENOSYS\u{1b}[2J"),
            time: sampleTime))
    for (reason, severity) in zip(ScanReport.Reason.allCases, Severity.allCases) {
        events.append(
            .scan(
                ScanReport(
                    root: reason == .start ? ByteString([0x2f, 0xff]) : "/etc", reason: reason, from: 1,
                    to: sampleTime, files: 12, read: 3, changes: 2, unreadable: 1, isFirst: reason == .renewal
                )))
        var rated = change(.modified)
        (rated.severity, rated.tags) = (severity, ["binaries", "\u{1b}"])
        events.append(.change(rated))
    }
    for (path, uid): (ByteString, UInt32) in [
        ("/run/vedette/control.sock", 1_000), (ByteString([0x2f, 0xff]), .max),
    ] {
        events.append(.refused(RefusedAccess(path: path, uid: uid, pid: 812, attempts: 3, time: sampleTime)))
    }
    return events
}
