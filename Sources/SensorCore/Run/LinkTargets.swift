internal import Baseline
internal import EventModel
internal import FileReading
internal import Glibc

/// Where the symbolic links in watched trees lead, as far as they are followed.
///
/// Who may write to a watched tree must not decide what the sensor watches: links count that belong to root or to the
/// owner of the watch, and none takes in `/`, another watch, or a part of one.
struct LinkTargets {
    /// Regular files and directories, without symbolic links, with the rule of the tree that the link stands in.
    private(set) var rules: [WatchRule] = []
    /// A tree has more entries, or more targets, than are looked at.
    private(set) var isCutShort = false
    /// Links that were not followed, and the first of them with the reason.
    private(set) var refused = 0
    private(set) var firstRefused = ""

    private let host: HostRoot
    /// The paths of all watches, and of what is the sensor's own.
    private let watched: [ByteString]

    /// Entries that are looked at, and targets that are found, at most in each tree.
    static let mostEntries = 100_000
    static let mostTargets = 256

    init(host: HostRoot, watched: [ByteString]) { (self.host, self.watched) = (host, watched) }

    /// Follows the links at and below the path of `rule` that it means.
    mutating func follow(_ rule: WatchRule) {
        var status = stat()
        guard stat(rule.path.zeroTerminated, &status) == 0 else { return }
        var waiting: [(path: ByteString, depth: Int)] = [(rule.path, 0)]
        var (entries, before) = (0, rules.count)
        while let directory = waiting.popLast() {
            guard !DirectoryReader.isKernelState(directory.path), let stream = Self.open(directory.path)
            else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = Self.name(of: entry)
                guard name != ".", name != ".." else { continue }
                entries += 1
                guard entries <= Self.mostEntries, rules.count - before <= Self.mostTargets else {
                    isCutShort = true
                    rules.removeLast(max(0, rules.count - before - Self.mostTargets))
                    return
                }
                let path = directory.path.appending(name)
                var found = stat()
                guard Self.mayLead(entry.pointee.d_type),
                    fstatat(dirfd(stream), name.zeroTerminated, &found, AT_SYMLINK_NOFOLLOW) == 0,
                    !rule.excludes(path)
                else { continue }
                if found.st_mode & S_IFMT == S_IFDIR, directory.depth < rule.maximumDepth {
                    waiting.append((path, directory.depth + 1))
                } else if found.st_mode & S_IFMT == S_IFLNK {
                    follow(path, owner: found.st_uid, rule, ownedBy: status.st_uid)
                }
            }
        }
    }

    private mutating func follow(_ link: ByteString, owner: uid_t, _ rule: WatchRule, ownedBy user: uid_t) {
        guard let target = host.resolved(link), !target.isWithin(rule.path),
            !watched.contains(where: { target.isWithin($0) }), !rules.contains(where: { $0.path == target })
        else { return }
        var status = stat()
        // Devices, and what shows the kernel's state, have no content that could be kept.
        guard lstat(target.zeroTerminated, &status) == 0,
            [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT), !DirectoryReader.isKernelState(target)
        else { return }
        guard owner == 0 || owner == user else { return refuse(link, "belongs to uid \(owner)") }
        guard target.parent != target, target != host.bytes else { return refuse(link, "leads to /") }
        if let other = watched.first(where: { $0.isWithin(target) }) {
            return refuse(link, "leads to what holds \(host.name(other).text)")
        }
        var copy = rule
        copy.path = target
        rules.append(copy)
    }

    private mutating func refuse(_ link: ByteString, _ reason: String) {
        refused += 1
        if firstRefused.isEmpty { firstRefused = "\(host.name(link).text) \(reason)" }
    }

    private static func open(_ directory: ByteString) -> OpaquePointer? {
        let descriptor = Glibc.open(
            directory.zeroTerminated, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        if let stream = fdopendir(descriptor) { return stream }
        close(descriptor)
        return nil
    }

    /// Not every filesystem tells the type.
    private static func mayLead(_ type: UInt8) -> Bool {
        [DT_DIR, DT_LNK, DT_UNKNOWN].contains { Int($0) == Int(type) }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> ByteString {
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            ByteString(Array(bytes.prefix { $0 != 0 }))
        }
    }
}

extension LinkTargets {
    /// What they lead to, sorted.
    var places: [ByteString] { rules.map(\.path).sorted() }

    /// What is to be said of links that were left alone; `nil` when there are none.
    var remark: String? {
        guard refused > 0 else { return nil }
        let others = refused > 1 ? "; \(refused - 1) more" : ""
        return "a symbolic link is not followed: \(firstRefused)\(others)"
    }

    /// Their row in the table of coverage; `nil` when all were looked at.
    var entry: CoverageEntry? {
        guard isCutShort else { return nil }
        let reason = "a tree with more than \(Self.mostEntries) entries, or \(Self.mostTargets) links"
        return CoverageEntry(
            "links", .degraded(reason: reason), detail: "\(rules.count) followed", .linksCutShort)
    }
}
