package import EventModel
package import KernelDecoding

/// The audit events of the last seconds that name files, to be joined with what the file sources report.
///
/// fanotify says which process, audit says with which ids; inotify says neither, and only the path ties it to audit.
package struct AuditIndex {
    /// Events kept at most; a flood forgets the oldest early.
    static let capacity = 4_096
    /// Nanoseconds.
    static let memory: UInt64 = 3_000_000_000

    fileprivate struct Entry {
        var facts: AuditFacts
        /// The position of the entry before this one with the same process, and with the same name for each path.
        var previousOfPid: Int
        var previousOfName: [Int]
    }

    /// A ring: the event at `position` in the stream of all is at `position % capacity`.
    private var entries: [Entry] = []
    private var oldest = 0
    private var next = 0
    /// The newest position of each.
    private var byPid: [Int32: Int] = [:]
    private var byName: [ByteString: Int] = [:]
    fileprivate static let none = -1

    package init() {}

    /// Remembers `facts` when it names files.
    package mutating func note(_ facts: AuditFacts) {
        guard !facts.paths.isEmpty else { return }
        if next - oldest == Self.capacity { forgetOldest() }
        let position = next
        let entry = Entry(
            facts: facts, previousOfPid: byPid.updateValue(position, forKey: facts.pid) ?? Self.none,
            previousOfName: facts.paths.map {
                byName.updateValue(position, forKey: $0.name.lastComponent) ?? Self.none
            })
        if position < Self.capacity { entries.append(entry) } else { self[position] = entry }
        next += 1
        while next - oldest > 1, self[oldest].facts.readAt &+ Self.memory < facts.readAt { forgetOldest() }
    }

    /// The latest event of `pid` that names `path` or its inode within the window, or of anybody when `pid` is 0.
    package func facts(pid: Int32, path: ByteString, inode: UInt64?, from: UInt64, to: UInt64) -> AuditFacts?
    {
        let name = path.lastComponent
        var position = (pid > 0 ? byPid[pid] : byName[name]) ?? Self.none
        while position >= oldest {
            let entry = self[position]
            let facts = entry.facts
            if facts.readAt >= from, facts.readAt <= to, facts.success != false,
                facts.names(path, lastComponent: name, inode: inode)
            {
                return facts
            }
            position = pid > 0 ? entry.previousOfPid : entry.previous(of: name)
        }
        return nil
    }

    private subscript(position: Int) -> Entry {
        get { entries[position % Self.capacity] }
        set { entries[position % Self.capacity] = newValue }
    }

    /// What points to it from later entries is seen to be too old.
    private mutating func forgetOldest() {
        let facts = self[oldest].facts
        if byPid[facts.pid] == oldest { byPid[facts.pid] = nil }
        for path in facts.paths {
            let name = path.name.lastComponent
            if byName[name] == oldest { byName[name] = nil }
        }
        oldest += 1
    }
}

extension AuditIndex.Entry {
    /// The entry before this one that names `name`: not this one itself, which may name it twice.
    fileprivate func previous(of name: ByteString) -> Int {
        zip(facts.paths, previousOfName).lazy.filter { $0.0.name.lastComponent == name }.map(\.1).min()
            ?? AuditIndex.none
    }
}

extension AuditFacts {
    fileprivate func names(_ path: ByteString, lastComponent name: ByteString, inode: UInt64?) -> Bool {
        paths.contains { entry in
            if let inode, let recorded = entry.inode, recorded == inode { return true }
            return entry.name == path || entry.name.lastComponent == name
        }
    }

    /// Whether this is a rename that took the name of another file: that one is listed as deleted beside the file's
    /// own old name.
    var renamedOverAnother: Bool {
        guard let made = paths.first(where: { $0.nameType == .created })?.inode else { return false }
        let deleted = paths.filter { $0.nameType == .deleted }
        return deleted.contains { $0.inode == made } && deleted.contains { $0.inode != made }
    }
}

extension FileChange {
    /// The rename behind this change overwrote a file.
    mutating func tellOverwritten() {
        switch kind {
        case .created: kind = .replaced
        case .renamed: overwroteTarget = true
        default: break
        }
    }
}
