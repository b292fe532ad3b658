/// What an inotify event reports.
///
/// The corresponding kernel definition is the `IN_*` bits in `linux/inotify.h`.
package struct InotifyMask: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let modify = InotifyMask(rawValue: 0x2)
    package static let attrib = InotifyMask(rawValue: 0x4)
    package static let closeWrite = InotifyMask(rawValue: 0x8)
    package static let movedFrom = InotifyMask(rawValue: 0x40)
    package static let movedTo = InotifyMask(rawValue: 0x80)
    package static let create = InotifyMask(rawValue: 0x100)
    package static let delete = InotifyMask(rawValue: 0x200)
    package static let deleteSelf = InotifyMask(rawValue: 0x400)
    package static let moveSelf = InotifyMask(rawValue: 0x800)
    package static let unmount = InotifyMask(rawValue: 0x2000)
    package static let overflow = InotifyMask(rawValue: 0x4000)
    /// The watch is gone.
    package static let ignored = InotifyMask(rawValue: 0x8000)
    package static let onlyDirectory = InotifyMask(rawValue: 0x0100_0000)
    package static let dontFollow = InotifyMask(rawValue: 0x0200_0000)
    package static let isDirectory = InotifyMask(rawValue: 0x4000_0000)
}

/// One event; the bytes of the name stay in the batch.
///
/// The corresponding kernel definition is `struct inotify_event` in `linux/inotify.h`.
package struct InotifyEvent: Equatable, Sendable {
    /// -1 for an overflow.
    package var watch: Int32
    package var mask: InotifyMask
    /// Pairs the halves of a rename; 0 for everything else.
    package var cookie: UInt32
    /// Where the name stands in the batch. Empty for events of the watched directory itself.
    package var name: Range<Int>
}

/// Why bytes were not inotify events. The raw value is the metric label.
package enum InotifyDecodeError: String, Error, CaseIterable {
    case truncatedHeader = "truncated_header"
    case badNameLength = "bad_name_length"
    case unterminatedName = "unterminated_name"
}

/// Walks over the events of one batch. A plain cursor: the bytes are passed to each call.
///
/// Every call of `next` either moves on by at least a header's size or ends the batch.
package struct InotifyDecoder {
    /// Where the next event starts.
    package private(set) var offset = 0
    private static let headerSize = 16

    package init() {}

    /// The next event, or `nil` at the end. After a bad name the cursor stands on the following event, after
    /// a bad header at the end.
    package mutating func next(in bytes: RawSpan) throws(InotifyDecodeError) -> InotifyEvent? {
        let start = offset
        let available = bytes.byteCount - start
        guard available > 0 else { return nil }
        offset = bytes.byteCount
        guard available >= InotifyDecoder.headerSize else { throw .truncatedHeader }
        let length = Int(bytes.unsafeLoadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        guard length <= available - InotifyDecoder.headerSize else { throw .badNameLength }
        let nameStart = start + InotifyDecoder.headerSize
        offset = nameStart + length
        var nameEnd = nameStart
        while nameEnd < offset, bytes.unsafeLoadUnaligned(fromByteOffset: nameEnd, as: UInt8.self) != 0 {
            nameEnd += 1
        }
        guard length == 0 || nameEnd < offset else { throw .unterminatedName }
        return InotifyEvent(
            watch: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: Int32.self),
            mask: InotifyMask(
                rawValue: bytes.unsafeLoadUnaligned(fromByteOffset: start + 4, as: UInt32.self)),
            cookie: bytes.unsafeLoadUnaligned(fromByteOffset: start + 8, as: UInt32.self),
            name: nameStart..<nameEnd)
    }
}
