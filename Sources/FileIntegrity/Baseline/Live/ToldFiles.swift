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

    private struct Times {
        var change: UInt64 = 0
        /// 0 for none.
        var loss: UInt64 = 0
    }

    private static let half = 8_192
    private var young: [Key: Times] = [:]
    private var old: [Key: Times] = [:]

    /// - Parameter time: up to when what happened to the file has been told. Nanoseconds since 1970.
    /// - Parameter isLoss: whether it was told that it has lost a name.
    mutating func note(device: UInt64, inode: UInt64, until time: UInt64, isLoss: Bool = false) {
        if young.count >= Self.half { (old, young) = (young, [:]) }
        let key = Key(device: device, inode: inode)
        var times = young[key] ?? old[key] ?? Times()
        times.change = max(time, times.change)
        if isLoss { times.loss = max(time, times.loss) }
        young[key] = times
    }

    mutating func note(_ attributes: FileAttributes, until time: UInt64, isLoss: Bool = false) {
        note(
            device: attributes.device, inode: attributes.inode, until: max(time, attributes.changed),
            isLoss: isLoss)
    }

    /// Up to when what happened to the file has been told; `nil` when nothing has lately.
    func time(of attributes: FileAttributes) -> UInt64? {
        times(of: attributes)?.change
    }

    /// When it was told last that the file has lost a name; `nil` when that has not been told lately.
    func timeOfLoss(of attributes: FileAttributes) -> UInt64? {
        times(of: attributes).flatMap { $0.loss == 0 ? nil : $0.loss }
    }

    private func times(of attributes: FileAttributes) -> Times? {
        let key = Key(device: attributes.device, inode: attributes.inode)
        return young[key] ?? old[key]
    }
}
