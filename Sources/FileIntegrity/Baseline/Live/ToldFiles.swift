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

    private static let half = 8_192
    private var young: [Key: UInt64] = [:]
    private var old: [Key: UInt64] = [:]

    /// - Parameter time: up to when what happened to the file has been told. Nanoseconds since 1970.
    mutating func note(device: UInt64, inode: UInt64, until time: UInt64) {
        if young.count >= Self.half { (old, young) = (young, [:]) }
        let key = Key(device: device, inode: inode)
        young[key] = max(time, young[key] ?? 0)
    }

    mutating func note(_ attributes: FileAttributes, until time: UInt64) {
        note(device: attributes.device, inode: attributes.inode, until: max(time, attributes.changed))
    }

    /// Up to when what happened to the file has been told; `nil` when nothing has lately.
    func time(of attributes: FileAttributes) -> UInt64? {
        let key = Key(device: attributes.device, inode: attributes.inode)
        return young[key] ?? old[key]
    }
}
