/// Where one field of a record stands, and how its value is written.
package struct AuditField: Sendable {
    package var keyStart: Int
    package var keyEnd: Int
    /// Without the quotes.
    package var valueStart: Int
    package var valueEnd: Int
    /// Whether the value stood in double quotes.
    package var isQuoted: Bool
    /// Whether the field is part of `msg='…'`: user space wrote it, not the kernel.
    package var isNested: Bool

    init(
        keyStart: Int, keyEnd: Int, valueStart: Int, valueEnd: Int, isQuoted: Bool, isNested: Bool
    ) {
        self.keyStart = keyStart
        self.keyEnd = keyEnd
        self.valueStart = valueStart
        self.valueEnd = valueEnd
        self.isQuoted = isQuoted
        self.isNested = isNested
    }

    package var keyCount: Int { keyEnd &- keyStart }
    package var valueCount: Int { valueEnd &- valueStart }
}

/// Goes through the fields of one record.
///
/// The kernel writes untrusted strings in hexadecimal when they hold blanks, quotes or control bytes, so that a
/// field always ends at a blank and nothing inside a value is ever taken for a field of its own. The text that
/// user space puts into `msg='…'` has no such guarantee: its fields say that they are nested.
package struct AuditFieldCursor: Sendable {
    private var position: Int
    private var end: Int
    private var isNested = false
    /// The first byte of the part that auditd adds for people (`ARCH=x86_64 …`), once the fields are at an end.
    package private(set) var enrichedStart: Int?

    package init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    /// The next field; `nil` after the last one.
    @inline(__always)
    package mutating func next(in bytes: Span<UInt8>) -> AuditField? {
        while position < end {
            // One look at 32 bytes finds the end of most fields, and the sign before it.
            var equals = end
            var stop = end
            if let marks = fieldMarks(bytes, at: position) {
                let signs = UInt32(truncatingIfNeeded: marks &>> 32)
                let blanks = UInt32(truncatingIfNeeded: marks)
                equals = position &+ signs.trailingZeroBitCount
                stop = position &+ blanks.trailingZeroBitCount
                if blanks == 0 { (equals, stop) = longWord(bytes, equals: equals, from: position &+ 32) }
            } else {
                (equals, stop) = longWord(bytes, equals: end, from: position)
            }
            if stop < end {
                if bytes[stop] != UInt8(ascii: " ") { (equals, stop) = oddWord(bytes, equals, stop) }
            } else {
                stop = end
            }
            let key = position
            position = stop &+ 1
            if equals < stop {
                if let field = field(in: bytes, key, equals, stop) { return field }
            }
        }
        position = end
        return nil
    }

    @inline(__always)
    private mutating func field(in bytes: Span<UInt8>, _ key: Int, _ equals: Int, _ stop: Int) -> AuditField? {
        let start = equals &+ 1
        var field = AuditField(
            keyStart: key, keyEnd: equals, valueStart: start, valueEnd: stop, isQuoted: false,
            isNested: isNested)
        guard start < stop else { return field }
        let first = bytes[start]
        let last = bytes[stop &- 1]
        if first == UInt8(ascii: "\""), last == UInt8(ascii: "\""), stop &- start > 1 {
            field.isQuoted = true
            field.valueStart = start &+ 1
            field.valueEnd = stop &- 1
        } else if first == UInt8(ascii: "'"), isMessage(field, in: bytes) {
            isNested = true
            position = start &+ 1
            return nil
        } else if first == UInt8(ascii: "\"") || last == UInt8(ascii: "'") || last == UInt8(ascii: ",") {
            trim(&field, stop, in: bytes)
        }
        return field
    }

    /// Whether this is `msg='…`, whose fields are still to come.
    private func isMessage(_ field: AuditField, in bytes: Span<UInt8>) -> Bool {
        !isNested && field.isKey("msg", in: bytes)
    }

    /// A word that does not end in a space: the last one before the enriched part, or one with control bytes.
    private mutating func oddWord(_ bytes: Span<UInt8>, _ equals: Int, _ found: Int) -> (equals: Int, stop: Int) {
        var stop = found
        while stop < end, bytes[stop] != UInt8(ascii: " "), bytes[stop] != 0x1d {
            stop = firstBlank(bytes, stop + 1, end)
        }
        if stop < end, bytes[stop] == 0x1d {
            enrichedStart = stop + 1
            end = stop
        }
        var equals = position
        while equals < stop, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
        return (equals, stop)
    }

    /// Where the sign and the end of a word are that has no end within its first 32 bytes.
    private func longWord(_ bytes: Span<UInt8>, equals found: Int, from start: Int) -> (equals: Int, stop: Int) {
        let stop = firstBlank(bytes, start, end)
        guard found >= start else { return (found, stop) }
        var equals = start
        while equals < stop, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
        return (equals, stop)
    }

    /// Takes off quotes, the apostrophe that ends `msg='…'`, and the comma that old kernels put between fields.
    private mutating func trim(_ field: inout AuditField, _ stop: Int, in bytes: Span<UInt8>) {
        if bytes[field.valueStart] == UInt8(ascii: "\""), let close = closingQuote(bytes, from: field) {
            field.isQuoted = true
            field.valueStart += 1
            field.valueEnd = close
            if close >= stop { position = close + 1 }
            return
        }
        if isNested, stop >= end, bytes[field.valueEnd - 1] == UInt8(ascii: "'") { field.valueEnd -= 1 }
        if field.valueEnd > field.valueStart, bytes[field.valueEnd - 1] == UInt8(ascii: ",") {
            field.valueEnd -= 1
        }
    }

    /// The quote that ends a value: followed by a blank, the end, or the apostrophe that ends `msg='…'`.
    ///
    /// Values with blanks in quotes come from user space and from AppArmor. One that is not closed before the
    /// next quoted value begins (`="`) ends at its first blank.
    private func closingQuote(_ bytes: Span<UInt8>, from field: AuditField) -> Int? {
        var index = field.valueStart + 1
        while index < end, bytes[index] != 0x1d {
            if bytes[index] == UInt8(ascii: "\"") {
                if bytes[index - 1] == UInt8(ascii: "="), index > field.valueEnd { return nil }
                let next = index + 1
                if next >= end || bytes[next] <= 0x20 || bytes[next] == UInt8(ascii: ",") { return index }
                if bytes[next] == UInt8(ascii: "'"), next + 1 >= end || bytes[next + 1] == 0x1d { return index }
            }
            index += 1
        }
        return nil
    }
}
