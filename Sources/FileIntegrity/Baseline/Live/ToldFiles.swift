internal import EventModel

/// Files of which changes have been told, under whatever name, and how late in their lives. Forgets its oldest half when
/// it is full.
///
/// A hard link, and whatever lay in a directory when that was renamed, has other names than the one that was told.
struct ToldFiles {
    private struct Key: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// Times are nanoseconds since 1970, 0 for never.
    struct File {
        /// Up to when what happened to it has been told.
        var change: UInt64 = 0
        /// When it was told last that it has lost a name. What was done to it just before may not have been told.
        var loss: UInt64 = 0
        /// Of what it was told to be; 0 for nothing.
        var fingerprint = 0
    }

    private static let half = 8_192
    private var young: [Key: File] = [:]
    private var old: [Key: File] = [:]

    /// Notes that something has been told of a file: that it has lost a name, or something else that happened until `time`.
    mutating func note(device: UInt64, inode: UInt64, until time: UInt64, isLoss: Bool = false) {
        update(Key(device: device, inode: inode)) { file in
            if isLoss { file.loss = max(time, file.loss) } else { file.change = max(time, file.change) }
        }
    }

    mutating func note(_ attributes: FileAttributes, until time: UInt64, isLoss: Bool) {
        note(
            device: attributes.device, inode: attributes.inode, until: max(time, attributes.changed),
            isLoss: isLoss)
    }

    /// Notes what the file was told to be.
    mutating func note(told attributes: FileAttributes, until time: UInt64) {
        update(Key(device: attributes.device, inode: attributes.inode)) { file in
            file.change = max(time, attributes.changed, file.change)
            file.fingerprint = Self.fingerprint(attributes)
        }
    }

    /// What has been told of the file lately.
    func file(_ attributes: FileAttributes) -> File? {
        let key = Key(device: attributes.device, inode: attributes.inode)
        return young[key] ?? old[key]
    }

    private mutating func update(_ key: Key, _ body: (inout File) -> Void) {
        if young.count >= Self.half { (old, young) = (young, [:]) }
        var file = young[key] ?? old[key] ?? File()
        body(&file)
        young[key] = file
    }

    /// Of everything that is told of a file but for its links and names. Seeded anew in each process.
    static func fingerprint(_ file: FileAttributes) -> Int {
        var hasher = Hasher()
        for value in [file.generation, file.mode, file.owner, file.group] { hasher.combine(value) }
        for value in [file.size, file.modified, file.acl, file.capabilities, file.extended] {
            hasher.combine(value)
        }
        hasher.combine(file.type)
        hasher.combine(file.isImmutable)
        hasher.combine(file.isAppendOnly)
        hasher.combine(file.linkTarget)
        hasher.combine(file.sha256)
        return hasher.finalize()
    }
}
