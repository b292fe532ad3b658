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

    private var recent: [AuditFacts] = []
    private var head = 0
    private var byPid: [Int32: [Int]] = [:]
    private var byName: [ByteString: [Int]] = [:]
    /// Position of `recent[0]` in the stream of all events.
    private var base = 0

    package init() {}

    /// Remembers `facts` when it names files.
    package mutating func note(_ facts: AuditFacts) {
        guard !facts.paths.isEmpty else { return }
        let position = base + recent.count
        recent.append(facts)
        byPid[facts.pid, default: []].append(position)
        for path in facts.paths where path.nameType != .parent {
            byName[path.name.lastComponent, default: []].append(position)
        }
        trim(now: facts.readAt)
    }

    /// The latest event of `pid` that names `path` or its inode within the window, or of anybody when `pid` is 0.
    package func facts(pid: Int32, path: ByteString, inode: UInt64?, from: UInt64, to: UInt64) -> AuditFacts?
    {
        let name = path.lastComponent
        let positions = pid > 0 ? byPid[pid] : byName[name]
        guard let positions else { return nil }
        for position in positions.reversed() where position >= base + head {
            let facts = recent[position - base]
            guard facts.readAt >= from, facts.readAt <= to, facts.success != false else { continue }
            let names = facts.paths.contains { entry in
                guard entry.nameType != .parent else { return false }
                if let inode, let recorded = entry.inode, recorded == inode { return true }
                return entry.name == path || entry.name.lastComponent == name
            }
            if names { return facts }
        }
        return nil
    }

    private mutating func trim(now: UInt64) {
        while head < recent.count {
            let oldest = recent[head]
            let isDue = oldest.readAt &+ Self.memory < now
            guard isDue || recent.count - head > Self.capacity else { break }
            forget(oldest, position: base + head)
            head += 1
        }
        if head > 1_024, head * 2 > recent.count {
            recent.removeFirst(head)
            base += head
            head = 0
        }
    }

    private mutating func forget(_ facts: AuditFacts, position: Int) {
        byPid.drop(position, under: facts.pid)
        for path in facts.paths where path.nameType != .parent {
            byName.drop(position, under: path.name.lastComponent)
        }
    }
}

extension Dictionary where Value == [Int] {
    /// Removes `position` from the list under `key`, and the list with its last element.
    fileprivate mutating func drop(_ position: Int, under key: Key) {
        guard var list = self[key] else { return }
        if list.first == position { list.removeFirst() }
        self[key] = list.isEmpty ? nil : list
    }
}

extension AuditFacts {
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
