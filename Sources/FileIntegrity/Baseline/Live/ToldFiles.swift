internal import EventModel

/// Files of which changes have been told, under whatever name, and how late in their lives. Forgets its oldest half when
/// it is full.
///
/// A hard link, and whatever lay in a directory when that was renamed, has other names than the one that was told.
struct ToldFiles {
    private struct Key: Hashable {
        var device: UInt64
        var inode: UInt64

        init(_ attributes: FileAttributes) { (device, inode) = (attributes.device, attributes.inode) }
    }

    private static let half = 8_192
    private var young: [Key: UInt64] = [:]
    private var old: [Key: UInt64] = [:]

    /// - Parameter time: up to when what happened to the file has been told. Nanoseconds since 1970.
    mutating func note(_ attributes: FileAttributes, until time: UInt64) {
        if young.count >= Self.half { (old, young) = (young, [:]) }
        young[Key(attributes)] = max(time, attributes.changed)
    }

    /// Whether nothing has happened to the file since what was told of it.
    func explains(_ attributes: FileAttributes) -> Bool {
        let key = Key(attributes)
        return young[key] ?? old[key] ?? 0 >= attributes.changed
    }
}
