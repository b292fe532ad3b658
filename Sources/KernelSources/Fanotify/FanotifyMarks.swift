internal import CFanotify
package import EventModel
package import KernelDecoding

/// A filesystem that fanotify reports on, at one of its mounts.
package struct MarkedMount: Hashable, Sendable {
    package var mount: MountEntry
    /// `f_fsid`, as in the events.
    package var filesystem: UInt64
    /// Whether file changes are reported, or only what is executed.
    package var reportsChanges: Bool
}

/// A place that fanotify cannot watch, for which inotify has to stand in.
package struct RefusedMount: Hashable, Sendable {
    /// The watched path itself, or the mount point below it.
    package var path: ByteString
    package var type: ByteString
    package var error: KernelError
    /// Whether `path` is a watched path, and not a filesystem mounted below one.
    package var isWatch: Bool
}

/// Which filesystems have been marked, and which have refused.
struct FanotifyMarks {
    private(set) var marked: [MarkedMount] = []
    private(set) var refused: [RefusedMount] = []
    private var known: [MountEntry: MarkedMount] = [:]
    private var refusals: [MountEntry: RefusedMount] = [:]
    /// The mount point that each watch has stood on; the deepest when there were several.
    private var places: [ByteString: ByteString] = [:]
    /// Mount points that watches stood on, and that are no mount points any more.
    private(set) var absent: [ByteString] = []

    /// Filesystems without programs or files of their own, where a mark would only cost.
    private static let pseudo: Set<ByteString> = [
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs",
        "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs",
        "selinuxfs", "sysfs", "tracefs",
    ]
    /// Filesystems whose other clients change files unseen, and whose calls may hang.
    private static let remote: Set<ByteString> = [
        "9p", "afs", "ceph", "cifs", "coda", "gfs2", "lustre", "nfs", "nfs4", "ocfs2", "smb3", "virtiofs",
    ]

    /// Marks what `table` shows: changes and executions at and below `watches`, executions everywhere else.
    /// Mounts that were handled before are not touched again.
    mutating func update(group: Int32, level: FanotifyLevel, table: MountTable, watches: [ByteString]) {
        let visible = table.visible
        let homes = watches.map { MarkedHome(path: $0, mount: table.mount(of: $0)) }
        marked = []
        refused = []
        var nowKnown: [MountEntry: MarkedMount] = [:]
        var nowRefused: [MountEntry: RefusedMount] = [:]
        for mount in visible {
            let watch = homes.first { $0.mount == mount }
            let below = watches.contains { mount.mountPoint.isWithin($0) }
            let isPseudo = FanotifyMarks.pseudo.contains(mount.type)
            guard watch != nil || !isPseudo else { continue }
            let changes = watch != nil || below
            if var done = known[mount], done.reportsChanges || !changes {
                done.reportsChanges = changes
                nowKnown[mount] = done
                marked.append(done)
                continue
            }
            if let done = refusals[mount], changes {
                nowRefused[mount] = done
                refused.append(done)
                continue
            }
            guard changes || !isRemote(mount) else { continue }
            let mask = changes ? level.watchMask : [.openExec]
            do throws(KernelError) {
                let done = try mark(group: group, mount: mount, mask: mask, changes: changes)
                nowKnown[mount] = done
                marked.append(done)
            } catch  where changes {
                let done = RefusedMount(
                    path: watch?.path ?? mount.mountPoint, type: mount.type, error: error,
                    isWatch: watch != nil)
                nowRefused[mount] = done
                refused.append(done)
            } catch {
                // Executions on it are then known by other means only.
            }
        }
        removeExcess(group: group, level: level)
        known = nowKnown
        refusals = nowRefused
        appendFurtherWatches(homes)
        noteAbsent(homes)
    }

    /// While a watched filesystem is not mounted, the one that holds its mount point is watched: no longer than that.
    private func removeExcess(group: Int32, level: FanotifyLevel) {
        let wanted = Set(marked.filter(\.reportsChanges).map(\.filesystem))
        for now in marked where !wanted.contains(now.filesystem) && known[now.mount]?.reportsChanges == true {
            let mask = level.watchMask.subtracting([.openExec, .onDirectory])
            let flags = UInt32(FAN_MARK_REMOVE) | UInt32(FAN_MARK_FILESYSTEM)
            _ = cfanotify_mark(group, flags, mask.rawValue, now.mount.mountPoint.zeroTerminated)
        }
    }

    private mutating func noteAbsent(_ homes: [MarkedHome]) {
        absent = []
        for home in homes {
            guard let now = home.mount?.mountPoint else { continue }
            let deepest = places[home.path] ?? now
            places[home.path] = now.count >= deepest.count ? now : deepest
            if now.count < deepest.count, !absent.contains(deepest) { absent.append(deepest) }
        }
    }

    private func isRemote(_ mount: MountEntry) -> Bool {
        FanotifyMarks.remote.contains(mount.type) || mount.type.bytes.starts(with: "fuse".utf8)
    }

    /// Several watches may stand on one refused mount: each is told.
    private mutating func appendFurtherWatches(_ homes: [MarkedHome]) {
        for home in homes {
            guard let mount = home.mount, let first = refusals[mount], first.path != home.path,
                !refused.contains(where: { $0.path == home.path })
            else { continue }
            refused.append(
                RefusedMount(path: home.path, type: mount.type, error: first.error, isWatch: true))
        }
    }

    private func mark(
        group: Int32, mount: MountEntry, mask: FanotifyMask, changes: Bool
    ) throws(KernelError) -> MarkedMount {
        var path = mount.mountPoint.bytes.map { CChar(bitPattern: $0) }
        path.append(0)
        let flags = UInt32(FAN_MARK_ADD) | UInt32(FAN_MARK_FILESYSTEM)
        _ = try check(
            "fanotify_mark(2)", cfanotify_mark(group, flags, mask.rawValue, path), advice: markAdvice)
        var filesystem: UInt64 = 0
        _ = try check("statfs(2)", cfanotify_fsid(path, &filesystem))
        return MarkedMount(mount: mount, filesystem: filesystem, reportsChanges: changes)
    }

    private func markAdvice(_ errno: Int32) -> String {
        switch errno {
        case 1: "needs CAP_SYS_ADMIN in the initial user namespace"
        case 18, 19: "the filesystem has no identifier of its own (FUSE, btrfs subvolume): inotify stands in"
        case 22: "the kernel knows no filesystem marks (Linux 5.1)"
        case 28: "raise fs.fanotify.max_user_marks"
        case 95: "the filesystem gives no file handles (overlay, network): inotify stands in"
        default: ""
        }
    }
}

/// A watched path and the mount it stands on.
private struct MarkedHome {
    var path: ByteString
    var mount: MountEntry?
}
