package import EventModel
package import KernelDecoding

/// The audit events of the last seconds that name files, to be joined with what the file sources report.
///
/// fanotify says which process, audit says with which ids; inotify says neither, and only the path ties it to audit.
package struct AuditIndex {
    /// Events kept at most; a flood forgets the oldest early.
    static let capacity = 2_048
    /// Nanoseconds that an event is remembered.
    private let memory: UInt64

    /// Entries that one question looks at, at most.
    static let patience = 64

    /// The positions of the entries before this one whose last component has the same hash, and with the same inode.
    fileprivate struct Links {
        var name: Int
        var inode: Int
    }

    fileprivate struct Entry {
        var facts: AuditFacts
        /// One for each of the paths.
        var links: [Links]
    }

    /// A ring: the event at `position` in the stream of all is at `position % capacity`.
    private var entries: [Entry] = []
    private var oldest = 0
    private var next = 0
    /// The newest position of each; names by the hash of their last component.
    private var byName: [Int: Int] = [:]
    private var byInode: [UInt64: Int] = [:]
    fileprivate static let none = -1

    /// - Parameter settleWindow: nanoseconds that a change may wait before it is joined.
    package init(settleWindow: UInt64) { memory = settleWindow &+ 3_000_000_000 }

    /// Remembers `facts` when it names files: not a call that failed, nor what was executed.
    package mutating func note(_ facts: AuditFacts) {
        guard !facts.paths.isEmpty, facts.arguments == nil, facts.success != false else { return }
        if next - oldest == Self.capacity { forgetOldest() }
        let position = next
        var links: [Links] = []
        links.reserveCapacity(facts.paths.count)
        for path in facts.paths {
            let name = byName.updateValue(position, forKey: path.name.lastComponentHash) ?? Self.none
            let inode = path.inode.flatMap { byInode.updateValue(position, forKey: $0) } ?? Self.none
            links.append(Links(name: name, inode: inode))
        }
        let entry = Entry(facts: facts, links: links)
        if position < Self.capacity { entries.append(entry) } else { self[position] = entry }
        next += 1
        while next - oldest > 1, self[oldest].facts.readAt &+ memory < facts.readAt { forgetOldest() }
    }

    /// The latest event of `pid` that names `path` or its inode, or of anybody when `pid` is 0: read from `from` to
    /// `to`, and stamped `latest` (milliseconds on CLOCK_REALTIME) at most.
    package func facts(
        pid: Int32, path: ByteString, inode: UInt64?, from: UInt64, to: UInt64, stampedUpTo latest: UInt64
    ) -> AuditFacts? {
        let isMeant = { (facts: AuditFacts) in
            // Anybody's record must be of this very file: others have files of the same name elsewhere.
            (pid > 0 ? facts.pid == pid : facts.names(path, inode: inode)) && facts.readAt >= from
                && facts.readAt <= to && facts.milliseconds <= latest
        }
        let hash = path.lastComponentHash
        var position = byName[hash] ?? Self.none
        for _ in 0..<Self.patience where position >= oldest {
            let entry = self[position]
            if isMeant(entry.facts), entry.facts.names(lastComponentOf: path) { return entry.facts }
            position = entry.position(before: position, ofName: hash)
        }
        guard pid > 0, let inode else { return nil }
        position = byInode[inode] ?? Self.none
        for _ in 0..<Self.patience where position >= oldest {
            let entry = self[position]
            if isMeant(entry.facts) { return entry.facts }
            position = entry.position(before: position, ofInode: inode)
        }
        return nil
    }

    private subscript(position: Int) -> Entry {
        get { entries[position % Self.capacity] }
        set { entries[position % Self.capacity] = newValue }
    }

    /// What points to it from later entries is seen to be too old.
    private mutating func forgetOldest() {
        for path in self[oldest].facts.paths {
            let name = path.name.lastComponentHash
            if byName[name] == oldest { byName[name] = nil }
            if let inode = path.inode, byInode[inode] == oldest { byInode[inode] = nil }
        }
        oldest += 1
    }
}

extension AuditIndex.Entry {
    /// The entry before this one that names the same; not this one itself, at `position`, which may name it twice.
    fileprivate func position(before position: Int, ofName hash: Int) -> Int {
        for (path, link) in zip(facts.paths, links)
        where link.name != position && path.name.lastComponentHash == hash {
            return link.name
        }
        return AuditIndex.none
    }

    fileprivate func position(before position: Int, ofInode inode: UInt64) -> Int {
        for (path, link) in zip(facts.paths, links) where link.inode != position && path.inode == inode {
            return link.inode
        }
        return AuditIndex.none
    }
}

extension ByteString {
    private var lastComponentBytes: ArraySlice<UInt8> {
        bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
    }

    fileprivate var lastComponentHash: Int {
        var hasher = Hasher()
        lastComponentBytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    fileprivate func hasLastComponent(of path: ByteString) -> Bool {
        lastComponentBytes == path.lastComponentBytes
    }
}

extension AuditFacts {
    fileprivate func names(lastComponentOf path: ByteString) -> Bool {
        paths.contains { $0.name.hasLastComponent(of: path) }
    }

    /// Whether a record names the file at `path`, and no other one: the inode counts where both know it.
    fileprivate func names(_ path: ByteString, inode: UInt64?) -> Bool {
        paths.contains { candidate in
            guard wholePath(of: candidate.name) == path else { return false }
            guard let inode, let recorded = candidate.inode else { return true }
            return inode == recorded
        }
    }

    private func wholePath(of name: ByteString) -> ByteString? {
        if name.bytes.first == UInt8(ascii: "/") { return name }
        let isHere = name.bytes.starts(with: Array("./".utf8))
        return workingDirectory?.appending(isHere ? ByteString(Array(name.bytes.dropFirst(2))) : name)
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
