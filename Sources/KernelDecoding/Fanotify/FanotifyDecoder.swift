package import EventModel

/// Why bytes were not fanotify events. The raw value is the metric label.
package enum FanotifyDecodeError: String, Error, CaseIterable {
    case truncatedHeader = "truncated_header"
    case unknownVersion = "unknown_version"
    case badEventLength = "bad_event_length"
    case badHeaderLength = "bad_header_length"
    case truncatedInfo = "truncated_info"
    case badInfoLength = "bad_info_length"
    case badHandleLength = "bad_handle_length"
    case unterminatedName = "unterminated_name"
}

/// Walks over the events of one batch. A plain cursor: the bytes are passed to each call.
///
/// Every call of `next` either moves on by at least a header's size or ends the batch.
package struct FanotifyDecoder {
    /// Where the next event starts.
    package private(set) var offset: Int

    /// Starts at the first event; `offset` bytes before it are not events.
    package init(offset: Int = 0) { self.offset = offset }

    /// `struct cfanotify_batch`, which the reader puts before the events of a ring record.
    package static let batchHeaderSize = 8

    /// CLOCK_MONOTONIC nanoseconds: no event of this ring record is older. 0 when that is not known.
    package static func notBefore(of record: RawSpan) -> UInt64 {
        guard record.byteCount >= batchHeaderSize else { return 0 }
        return record.unsafeLoadUnaligned(as: UInt64.self)
    }

    private static let headerSize = 24
    private static let version: UInt8 = 3

    /// The next event, or `nil` at the end.
    ///
    /// After an error in an event's records the cursor stands on the following event; after an error in its
    /// header at the end, because nothing tells where the next event would start.
    package mutating func next(in bytes: RawSpan) throws(FanotifyDecodeError) -> FanotifyEvent? {
        let start = offset
        let available = bytes.byteCount - start
        guard available > 0 else { return nil }
        offset = bytes.byteCount
        guard available >= FanotifyDecoder.headerSize else { throw .truncatedHeader }
        let length = Int(bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
        let version = bytes.unsafeLoadUnaligned(fromByteOffset: start + 4, as: UInt8.self)
        let headerLength = Int(bytes.unsafeLoadUnaligned(fromByteOffset: start + 6, as: UInt16.self))
        guard version == FanotifyDecoder.version else { throw .unknownVersion }
        guard length >= FanotifyDecoder.headerSize, length <= available else { throw .badEventLength }
        offset = start + length
        guard headerLength >= FanotifyDecoder.headerSize, headerLength <= length else {
            throw .badHeaderLength
        }
        var event = FanotifyEvent(
            mask: FanotifyMask(
                rawValue: bytes.unsafeLoadUnaligned(fromByteOffset: start + 8, as: UInt64.self)),
            pid: bytes.unsafeLoadUnaligned(fromByteOffset: start + 20, as: Int32.self))
        try FanotifyDecoder.decodeInfo(of: &event, from: start + headerLength, to: start + length, in: bytes)
        return event
    }

    /// Decodes the records that follow the event's header. Unknown types are passed over.
    private static func decodeInfo(
        of event: inout FanotifyEvent, from start: Int, to end: Int, in bytes: RawSpan
    ) throws(FanotifyDecodeError) {
        var at = start
        while at < end {
            guard end - at >= 4 else { throw .truncatedInfo }
            let type = bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt8.self)
            let length = Int(bytes.unsafeLoadUnaligned(fromByteOffset: at + 2, as: UInt16.self))
            guard length >= 4, length <= end - at else { throw .badInfoLength }
            switch type {
            case InfoType.object:
                event.object = try handle(at: at, length: length, in: bytes).handle
            case InfoType.directoryName, InfoType.oldDirectoryName, InfoType.directory:
                event.name = try name(at: at, length: length, in: bytes)
            case InfoType.newDirectoryName:
                event.newName = try name(at: at, length: length, in: bytes)
            case InfoType.pidfd:
                guard length >= 8 else { throw .badInfoLength }
                event.pidState = pidState(
                    bytes.unsafeLoadUnaligned(fromByteOffset: at + 4, as: Int32.self))
            case InfoType.error:
                guard length >= 12 else { throw .badInfoLength }
                event.filesystemError = bytes.unsafeLoadUnaligned(fromByteOffset: at + 4, as: Int32.self)
                event.filesystemErrorCount = bytes.unsafeLoadUnaligned(
                    fromByteOffset: at + 8, as: UInt32.self)
            default: break
            }
            at += length
        }
    }

    /// The reader has replaced the descriptor: 1, FAN_NOPIDFD (-1) or FAN_EPIDFD (-2).
    private static func pidState(_ value: Int32) -> PidState {
        switch value {
        case 0...: .alive
        case -1: .gone
        default: .unknown
        }
    }

    /// The handle of the record at `at`, and where it ends.
    private static func handle(
        at: Int, length: Int, in bytes: RawSpan
    ) throws(FanotifyDecodeError) -> (handle: FileHandle, end: Int) {
        // Header 4, fsid 8, handle_bytes 4, handle_type 4.
        guard length >= 20 else { throw .badInfoLength }
        let count = Int(bytes.unsafeLoadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
        guard count <= length - 20 else { throw .badHandleLength }
        let handle = FileHandle(
            filesystem: bytes.unsafeLoadUnaligned(fromByteOffset: at + 4, as: UInt64.self),
            type: bytes.unsafeLoadUnaligned(fromByteOffset: at + 16, as: Int32.self),
            bytes: bytes.extracting((at + 20)..<(at + 20 + count)))
        guard let handle else { throw .badHandleLength }
        return (handle, at + 20 + count)
    }

    /// The handle and the zero-terminated name of the record at `at`.
    private static func name(
        at: Int, length: Int, in bytes: RawSpan
    ) throws(FanotifyDecodeError) -> FanotifyName {
        let (directory, start) = try handle(at: at, length: length, in: bytes)
        let end = at + length
        guard start < end else { return FanotifyName(directory: directory, range: start..<start) }
        var position = start
        while position < end {
            if bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt8.self) == 0 {
                return FanotifyName(directory: directory, range: start..<position)
            }
            position += 1
        }
        throw .unterminatedName
    }

    /// `FAN_EVENT_INFO_TYPE_*`.
    package enum InfoType {
        package static let object: UInt8 = 1
        package static let directoryName: UInt8 = 2
        package static let directory: UInt8 = 3
        package static let pidfd: UInt8 = 4
        package static let error: UInt8 = 5
        package static let oldDirectoryName: UInt8 = 10
        package static let newDirectoryName: UInt8 = 12
    }
}

extension ByteString {
    /// Copies the bytes of a name out of its batch; empty when `range` is not in it.
    package init(_ range: Range<Int>, of bytes: RawSpan) {
        guard range.lowerBound >= 0, range.upperBound <= bytes.byteCount else {
            self.init()
            return
        }
        let copied = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            for offset in range {
                buffer[count] = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
                count += 1
            }
        }
        self.init(copied)
    }
}
