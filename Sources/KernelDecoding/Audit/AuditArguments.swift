package import EventModel

/// Puts the arguments of an execve together from its EXECVE records.
///
/// A record holds at most about 7500 bytes. Longer arguments come as `a1_len=` and pieces `a1[0]=`, `a1[1]=`, which
/// may be in different records; the length is that of the pieces as they are written.
package struct AuditArguments {
    /// As `argc=` announces them.
    package private(set) var announced: Int?
    /// What has arrived in order.
    package private(set) var values: [ByteString] = []
    private var isBroken = false
    private var pieces: [UInt8] = []
    private var missing = 0
    private var nextPiece: UInt64?

    package init() {}

    /// Whether all announced arguments are there.
    package var isComplete: Bool { !isBroken && nextPiece == nil && announced == values.count }

    /// The arguments, unless some are missing.
    package var complete: [ByteString]? { isComplete ? values : nil }

    /// Takes the fields of one EXECVE record.
    package mutating func add(_ record: AuditRecord, in bytes: Span<UInt8>) {
        var fields = record.fields
        while let field = fields.next(in: bytes) { add(field, in: bytes) }
    }

    private mutating func add(_ field: AuditField, in bytes: Span<UInt8>) {
        if field.isKey("argc", in: bytes) {
            announced = field.number(in: bytes).flatMap { Int(exactly: $0) }
            return
        }
        guard field.keyCount >= 2, bytes[field.keyStart] == UInt8(ascii: "a") else { return }
        var index = field.keyStart + 1
        while index < field.keyEnd, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        guard let argument = decimal(bytes, field.keyStart + 1, index) else { return }
        guard argument == UInt64(values.count) else {
            isBroken = true
            return
        }
        if index == field.keyEnd {
            isBroken = isBroken || nextPiece != nil
            values.append(field.string(in: bytes))
        } else if equals("_len", bytes, index, field.keyEnd) {
            begin(field.number(in: bytes))
        } else if bytes[index] == UInt8(ascii: "["), bytes[field.keyEnd - 1] == UInt8(ascii: "]") {
            addPiece(decimal(bytes, index + 1, field.keyEnd - 1), field, in: bytes)
        }
    }

    private mutating func begin(_ length: UInt64?) {
        isBroken = isBroken || nextPiece != nil || length == nil
        missing = length.flatMap { Int(exactly: $0) } ?? 0
        nextPiece = 0
        pieces = []
    }

    private mutating func addPiece(_ piece: UInt64?, _ field: AuditField, in bytes: Span<UInt8>) {
        guard let expected = nextPiece, piece == expected, field.valueCount <= missing else {
            isBroken = true
            return
        }
        missing -= field.valueCount
        if let decoded = field.unhexed(in: bytes) {
            pieces.append(contentsOf: decoded)
        } else {
            pieces.append(contentsOf: copy(bytes, field.valueStart, field.valueEnd))
        }
        if missing == 0 {
            values.append(ByteString(pieces))
            pieces = []
            nextPiece = nil
        } else {
            nextPiece = expected + 1
        }
    }
}
