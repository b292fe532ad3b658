/// The part of an AVC record that has no field names: `avc:  denied  { read write } for `.
package struct AuditAccessVector: Equatable, Sendable {
    package var isDenied: Bool
    /// The permissions between the braces, separated by blanks.
    package var permissionsStart: Int
    package var permissionsEnd: Int

    /// Looks for it at the beginning of a record, or of its `msg='…'`.
    package init?(_ record: AuditRecord, in bytes: Span<UInt8>) {
        let end = Int(record.end)
        var index = Int(record.body)
        while index < end, !hasPrefix("avc:", bytes, at: index, end: end) { index += 1 }
        index = Self.skipBlanks(bytes, index + 4, end)
        if hasPrefix("denied", bytes, at: index, end: end) {
            isDenied = true
            index += 6
        } else if hasPrefix("granted", bytes, at: index, end: end) {
            isDenied = false
            index += 7
        } else {
            return nil
        }
        index = Self.skipBlanks(bytes, index, end)
        guard index < end, bytes[index] == UInt8(ascii: "{") else { return nil }
        permissionsStart = Self.skipBlanks(bytes, index + 1, end)
        index = permissionsStart
        while index < end, bytes[index] != UInt8(ascii: "}") { index += 1 }
        guard index < end else { return nil }
        while index > permissionsStart, bytes[index - 1] == UInt8(ascii: " ") { index -= 1 }
        permissionsEnd = index
    }

    private static func skipBlanks(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, bytes[index] == UInt8(ascii: " ") { index += 1 }
        return index
    }
}
