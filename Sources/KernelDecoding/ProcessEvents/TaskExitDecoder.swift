internal import EventModel

extension TaskExit {
    /// Decodes one generic netlink datagram of taskstats, from its `nlmsghdr` on.
    ///
    /// `nil` unless it tells of the end of a whole process: records of single threads and group sums are skipped.
    /// The corresponding kernel definition is `struct taskstats` in `linux/taskstats.h`.
    ///
    /// - Throws: `unknownLayout` for versions that are not known, which all records of the kernel then have.
    package init?(decoding datagram: RawSpan, readAt: UInt64) throws(ProcessDecodeError) {
        guard let stats = try Self.stats(in: datagram) else { return nil }
        try self.init(stats: stats, of: datagram, readAt: readAt)
    }

    /// The version of the `struct taskstats` in a datagram; `nil` when there is none.
    package static func version(in datagram: RawSpan) -> UInt16? {
        guard let stats = (try? stats(in: datagram)) ?? nil, stats.count >= 2 else { return nil }
        return datagram.number(at: stats.lowerBound, as: UInt16.self)
    }

    private static func stats(in datagram: RawSpan) throws(ProcessDecodeError) -> Range<Int>? {
        guard datagram.byteCount >= Layout.attributes else { throw .truncatedHeader }
        let length = Int(datagram.number(at: 0, as: UInt32.self))
        guard length >= Layout.attributes, length <= datagram.byteCount else { throw .badLength }
        guard datagram.number(at: 4, as: UInt16.self) != 2 else { throw .netlinkError }
        let whole = Layout.attributes..<length
        guard let process = try datagram.attribute(Layout.processAndStats, in: whole) else { return nil }
        return try datagram.attribute(Layout.stats, in: process)
    }

    private init?(stats: Range<Int>, of datagram: RawSpan, readAt: UInt64) throws(ProcessDecodeError) {
        let start = stats.lowerBound
        guard stats.count >= Layout.versionEightSize else { throw .unknownLayout }
        let version = datagram.number(at: start, as: UInt16.self)
        // Version 15 put new fields into the middle; 16 moved them to the end.
        guard version >= 8, version != 15 else { throw .unknownLayout }
        let hasExecutable = version >= 12 && stats.count >= Layout.executableInode + 8
        if hasExecutable {
            let flags = datagram.number(at: start + Layout.flags, as: UInt8.self)
            // Only the last thread's record stands for the process; a leader may end before its threads do.
            guard flags & Layout.lastOfGroup != 0 else { return nil }
        }
        let pid = hasExecutable ? Layout.threadGroup : Layout.pid
        let device = hasExecutable ? datagram.number(at: start + Layout.executableDevice, as: UInt64.self) : 0
        let inode = hasExecutable ? datagram.number(at: start + Layout.executableInode, as: UInt64.self) : 0
        self.init(
            pid: datagram.number(at: start + pid, as: Int32.self),
            parentPid: datagram.number(at: start + Layout.parent, as: Int32.self),
            user: datagram.number(at: start + Layout.user, as: UInt32.self),
            group: datagram.number(at: start + Layout.group, as: UInt32.self),
            name: datagram.text(at: start + Layout.name, limit: 32),
            executableDevice: device, executableInode: inode, readAt: readAt)
    }

    private enum Layout {
        /// `nlmsghdr` and `genlmsghdr`.
        static let attributes = 20
        static let stats: UInt16 = 3
        static let processAndStats: UInt16 = 4
        static let lastOfGroup: UInt8 = 0x20
        static let flags = 8
        static let name = 80
        static let user = 120
        static let group = 124
        static let pid = 128
        static let parent = 132
        static let versionEightSize = 328
        static let threadGroup = 368
        static let executableDevice = 384
        static let executableInode = 392
    }
}

extension RawSpan {
    /// The value of the first netlink attribute of `type` within `range`.
    fileprivate func attribute(_ type: UInt16, in range: Range<Int>) throws(ProcessDecodeError) -> Range<Int>?
    {
        var at = range.lowerBound
        while at + 4 <= range.upperBound {
            let length = Int(number(at: at, as: UInt16.self))
            guard length >= 4, length <= range.upperBound - at else { throw .truncatedAttribute }
            // The upper bits flag nesting and byte order.
            if number(at: at + 2, as: UInt16.self) & 0x3fff == type { return (at + 4)..<(at + length) }
            at += (length + 3) & ~3
        }
        return nil
    }
}
