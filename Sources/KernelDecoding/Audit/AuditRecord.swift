/// Why bytes are not an audit record. The raw value is the label under which it is counted.
package enum AuditDecodeError: String, Error, CaseIterable, Sendable {
    case missingType = "missing_type"
    case missingPrefix = "missing_prefix"
    case badTimestamp = "bad_timestamp"
    case badSerial = "bad_serial"
    case tooLong = "too_long"
    case unfinished = "unfinished"
}

/// What an event's records have in common besides the node: time and serial number.
package struct AuditRecordID: Hashable, Sendable {
    /// Since 1970.
    package var milliseconds: UInt64
    package var serial: UInt32

    package init(milliseconds: UInt64, serial: UInt32) {
        self.milliseconds = milliseconds
        self.serial = serial
    }
}

extension AuditRecordID {
    /// Decodes `SECONDS.MILLIS:SERIAL)` from `cursor` on and leaves `cursor` on the byte after `)`.
    ///
    /// `cursor` moves only on success, so a caller can keep the untouched bytes as evidence.
    init(decoding bytes: Span<UInt8>, at cursor: inout Int, end: Int) throws(AuditDecodeError) {
        var index = cursor
        guard let seconds = Self.digits(bytes, &index, end), seconds < 1 << 53,
            Self.skip(".", bytes, &index, end), let millis = Self.digits(bytes, &index, end),
            millis < 1000, Self.skip(":", bytes, &index, end)
        else { throw .badTimestamp }
        guard let serial = Self.digits(bytes, &index, end), let serial = UInt32(exactly: serial),
            Self.skip(")", bytes, &index, end)
        else { throw .badSerial }
        milliseconds = seconds * 1000 + millis
        self.serial = serial
        cursor = index
    }

    @inline(__always)
    private static func digits(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) -> UInt64? {
        let start = index
        var value: UInt64 = 0
        while index < end {
            let digit = bytes[index] &- UInt8(ascii: "0")
            if digit > 9 { break }
            value = value &* 10 &+ UInt64(digit)
            index &+= 1
        }
        return index > start && index - start <= 18 ? value : nil
    }

    @inline(__always)
    private static func skip(
        _ byte: Unicode.Scalar, _ bytes: Span<UInt8>, _ index: inout Int, _ end: Int
    ) -> Bool {
        guard index < end, bytes[index] == UInt8(ascii: byte) else { return false }
        index &+= 1
        return true
    }
}

/// Where one record stands in the bytes that come with it.
package struct AuditRecord: Sendable {
    package var type: AuditRecordType
    /// The first byte of the line or of the netlink payload.
    package var start: UInt32
    /// The first byte after `audit(…): `.
    package var body: UInt32
    /// The byte after the last one; a line feed is not part of the record.
    package var end: UInt32

    package init(type: AuditRecordType, start: UInt32, body: UInt32, end: UInt32) {
        self.type = type
        self.start = start
        self.body = body
        self.end = end
    }

    /// The record's fields, from the first one on.
    package var fields: AuditFieldCursor {
        AuditFieldCursor(position: Int(body), end: Int(end))
    }
}

/// What stands before a record's fields.
struct AuditRecordHeader {
    var type: AuditRecordType
    var nodeStart = 0
    var nodeEnd = 0
    var id = AuditRecordID(milliseconds: 0, serial: 0)
    /// Of the text between `audit(` and `)`.
    var idStart = 0
    var idEnd = 0
    /// The first byte after `audit(…): `.
    var body = 0
}

extension AuditRecordHeader {
    /// Decodes a log line, `node=… type=… msg=audit(…): …`, up to but not including the time and serial number.
    @inline(__always)
    static func prefix(
        ofLine bytes: Span<UInt8>, _ start: Int, _ end: Int, _ index: AuditRecordTypeIndex
    ) throws(AuditDecodeError) -> AuditRecordHeader {
        var at = start
        var header = AuditRecordHeader(type: .unknown)
        if bytes[at] == UInt8(ascii: "n"), hasPrefix("node=", bytes, at: at, end: end) {
            header.nodeStart = at + 5
            header.nodeEnd = firstBlank(bytes, at + 5, end)
            at = header.nodeEnd + 1
        }
        // "type="
        guard at &+ 8 <= end, end <= bytes.count, word(bytes, at: at) & 0xff_ffff_ffff == 0x3d_6570_7974
        else { throw .missingType }
        let nameEnd = firstBlank(bytes, at + 5, end)
        header.type = type(bytes, at + 5, nameEnd, index)
        at = nameEnd + 1
        if at &+ 10 <= end, end <= bytes.count, word(bytes, at: at) == 0x6964_7561_3d67_736d,
            word(bytes, at: at &+ 2) == 0x2874_6964_7561_3d67
        {
            // "msg=audit("
            header.idStart = at + 10
        } else if hasPrefix("audit(", bytes, at: at, end: end) {
            header.idStart = at + 6
        } else {
            throw .missingPrefix
        }
        return header
    }

    /// Decodes a netlink payload, `audit(…): …`.
    static func payload(
        _ bytes: Span<UInt8>, type: AuditRecordType
    ) throws(AuditDecodeError) -> AuditRecordHeader {
        var header = AuditRecordHeader(type: type)
        guard hasPrefix("audit(", bytes, at: 0, end: bytes.count) else { throw .missingPrefix }
        header.idStart = 6
        try header.decodeID(bytes, end: bytes.count)
        return header
    }

    /// Decodes time and serial number, and what separates them from the fields.
    @inline(__always)
    mutating func decodeID(_ bytes: Span<UInt8>, end: Int) throws(AuditDecodeError) {
        var at = idStart
        id = try AuditRecordID(decoding: bytes, at: &at, end: end)
        idEnd = at - 1
        finish(bytes, end: end)
    }

    /// Skips `): `, given that `idEnd` is on the parenthesis.
    @inline(__always)
    mutating func finish(_ bytes: Span<UInt8>, end: Int) {
        body = idEnd + 1
        if body < end, bytes[body] == UInt8(ascii: ":") { body += 1 }
        if body < end, bytes[body] == UInt8(ascii: " ") { body += 1 }
    }

    /// The types that most records have by comparing one word, the others by name.
    @inline(__always)
    private static func type(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ index: AuditRecordTypeIndex
    ) -> AuditRecordType {
        if start &+ 8 <= bytes.count {
            let name = word(bytes, at: start)
            switch end &- start {
            case 7 where name & 0xff_ffff_ffff_ffff == 0x4c_4c41_4353_5953: return .syscall
            case 4 where name & 0xffff_ffff == 0x4854_4150: return .path
            case 3 where name & 0xff_ffff == 0x44_5743: return .workingDirectory
            case 3 where name & 0xff_ffff == 0x45_4f45: return .endOfEvent
            case 6 where name & 0xffff_ffff_ffff == 0x4556_4345_5845: return .execve
            case 8 where name == 0x5244_4441_4b43_4f53: return .socketAddress
            case 9 where name == 0x4c54_4954_434f_5250 && bytes[start &+ 8] == UInt8(ascii: "E"):
                return .processTitle
            default: break
            }
        }
        return index.type(in: bytes, start, end)
    }
}
