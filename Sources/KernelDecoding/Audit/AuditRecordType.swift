package import EventModel

/// The kind of an audit record, by number.
///
/// The corresponding kernel definitions are `AUDIT_*` in `linux/audit.h`.
package struct AuditRecordType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// A name that is in no table and gives no number in brackets.
    package static let unknown = AuditRecordType(0)
    package static let login = AuditRecordType(1006)
    package static let userAVC = AuditRecordType(1107)
    package static let userTTY = AuditRecordType(1124)
    package static let syscall = AuditRecordType(1300)
    package static let path = AuditRecordType(1302)
    package static let configChange = AuditRecordType(1305)
    package static let socketAddress = AuditRecordType(1306)
    package static let workingDirectory = AuditRecordType(1307)
    package static let execve = AuditRecordType(1309)
    package static let tty = AuditRecordType(1319)
    package static let endOfEvent = AuditRecordType(1320)
    package static let netfilterConfiguration = AuditRecordType(1325)
    package static let seccomp = AuditRecordType(1326)
    package static let processTitle = AuditRecordType(1327)
    package static let replace = AuditRecordType(1329)
    package static let fanotify = AuditRecordType(1331)
    package static let uringOperation = AuditRecordType(1336)
    package static let accessVector = AuditRecordType(1400)

    /// Names of all types that are known.
    package static let names = AuditNameTable(AuditRecordTypeTable.text)

    /// The name as it stands after `type=`; `nil` for types that are in no table.
    package var name: ByteString? { Self.names.name(UInt32(rawValue)) }

    /// Whether an event of this type is this one record: user space and the daemon send such.
    package var isSingle: Bool {
        rawValue == 1005 || (1100..<1300).contains(rawValue) || rawValue >= 2100
    }

    /// Whether no record of the event comes after this one, but for EOE.
    package var endsEvent: Bool {
        self == .processTitle || self == .endOfEvent || isSingle
    }
}

/// Finds the number of a record type by name.
struct AuditRecordTypeIndex: Sendable {
    /// Open addressing; 0 is free.
    private var slots = [UInt16](repeating: 0, count: 1024)

    init() {
        AuditRecordType.names.forEach { number, name in
            var slot = Self.hash(name.span, 0, name.count)
            while slots[slot] != 0 { slot = (slot + 1) & 1023 }
            slots[slot] = UInt16(truncatingIfNeeded: number)
        }
    }

    private static func hash(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var hash: UInt32 = 2_166_136_261
        for index in start..<end { hash = (hash ^ UInt32(bytes[index])) &* 16_777_619 }
        return Int((hash ^ hash >> 15) & 1023)
    }

    /// The type that is named by `bytes[start..<end]`: a name, a number, or `UNKNOWN[1234]`.
    func type(in bytes: Span<UInt8>, _ start: Int, _ end: Int) -> AuditRecordType {
        guard start < end, end - start <= 32 else { return .unknown }
        var slot = Self.hash(bytes, start, end)
        let names = AuditRecordType.names
        while slots[slot] != 0 {
            if let entry = names.entry(UInt32(slots[slot])), Int(entry.count) == end - start,
                matches(names.bytes.span, Int(entry.start), bytes, start, end - start)
            {
                return AuditRecordType(slots[slot])
            }
            slot = (slot + 1) & 1023
        }
        return numbered(in: bytes, start, end)
    }

    private func matches(
        _ left: Span<UInt8>, _ leftStart: Int, _ right: Span<UInt8>, _ rightStart: Int, _ count: Int
    ) -> Bool {
        for step in 0..<count where left[leftStart + step] != right[rightStart + step] { return false }
        return true
    }

    private func numbered(in bytes: Span<UInt8>, _ start: Int, _ end: Int) -> AuditRecordType {
        var first = start
        var last = end
        if bytes[end - 1] == UInt8(ascii: "]"), hasPrefix("UNKNOWN[", bytes, at: start, end: end) {
            first += 8
            last -= 1
        }
        guard let number = decimal(bytes, first, last), number <= UInt64(UInt16.max) else { return .unknown }
        return AuditRecordType(UInt16(number))
    }
}
