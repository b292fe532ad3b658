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
    var position: Int
    let end: Int
    var isNested = false
    /// The first byte of the part that auditd adds for people (`ARCH=x86_64 …`), once the fields are at an end.
    package private(set) var enrichedStart: Int?

    package init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    private mutating func stop(beforeEnrichedAt index: Int) {
        position = end
        enrichedStart = index + 1
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
            stop = min(stop, end)
            if stop < end, bytes[stop] != UInt8(ascii: " "), bytes[stop] != 0x1d {
                (equals, stop) = wordWithControls(bytes, from: stop)
            }
            if equals < stop {
                if let field = field(in: bytes, equals, stop) { return field }
            } else {
                skipWord(bytes, stop)
            }
        }
        position = end
        return nil
    }

    /// Whether the word that begins at `position` is `msg='…`, whose fields are still to come.
    @inline(__always)
    private func isMessage(_ bytes: Span<UInt8>, _ equals: Int) -> Bool {
        equals &- position == 3 && !isNested && bytes[position] == UInt8(ascii: "m")
            && bytes[position &+ 1] == UInt8(ascii: "s") && bytes[position &+ 2] == UInt8(ascii: "g")
            && equals &+ 1 < end && bytes[equals &+ 1] == UInt8(ascii: "'")
    }

    @inline(__always)
    private mutating func field(in bytes: Span<UInt8>, _ equals: Int, _ stop: Int) -> AuditField? {
        if isMessage(bytes, equals) {
            isNested = true
            position = equals &+ 2
            return nil
        }
        let start = equals &+ 1
        var field = AuditField(
            keyStart: position, keyEnd: equals, valueStart: start, valueEnd: stop, isQuoted: false,
            isNested: isNested)
        position = stop
        if start < stop {
            let first = bytes[start]
            let last = bytes[stop &- 1]
            if first == UInt8(ascii: "\""), last == UInt8(ascii: "\""), stop &- start > 1 {
                field.isQuoted = true
                field.valueStart = start &+ 1
                field.valueEnd = stop &- 1
            } else if first == UInt8(ascii: "\"") || last == UInt8(ascii: "'") || last == UInt8(ascii: ",") {
                trim(&field, in: bytes)
            }
        }
        if position < end {
            if bytes[position] == 0x1d { self.stop(beforeEnrichedAt: position) } else { position &+= 1 }
        }
        return field
    }

    /// Passes over a word that is no field.
    @inline(__always)
    private mutating func skipWord(_ bytes: Span<UInt8>, _ stop: Int) {
        if stop < end, bytes[stop] == 0x1d {
            self.stop(beforeEnrichedAt: stop)
        } else {
            position = stop &+ 1
        }
    }

    /// Where the sign and the end of a word are that has no end within its first 32 bytes.
    private func longWord(_ bytes: Span<UInt8>, equals found: Int, from start: Int) -> (equals: Int, stop: Int) {
        let stop = firstBlank(bytes, start, end)
        guard found >= start else { return (found, stop) }
        var equals = start
        while equals < stop, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
        return (equals, stop)
    }

    /// The same for a word in which there are control bytes; only user space writes such.
    private func wordWithControls(_ bytes: Span<UInt8>, from start: Int) -> (equals: Int, stop: Int) {
        var stop = start
        while stop < end, bytes[stop] != UInt8(ascii: " "), bytes[stop] != 0x1d {
            stop = firstBlank(bytes, stop + 1, end)
        }
        var equals = position
        while equals < stop, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
        return (equals, stop)
    }

    /// Takes off quotes, the apostrophe that ends `msg='…'`, and the comma that old kernels put between fields.
    private mutating func trim(_ field: inout AuditField, in bytes: Span<UInt8>) {
        if bytes[field.valueStart] == UInt8(ascii: "\"") {
            if let close = closingQuote(bytes, from: field) {
                field.isQuoted = true
                field.valueStart += 1
                field.valueEnd = close
                position = max(position, firstBlank(bytes, close + 1, end))
                return
            }
        }
        let isLast = position >= end || bytes[position] == 0x1d
        if isNested, isLast, bytes[field.valueEnd - 1] == UInt8(ascii: "'") { field.valueEnd -= 1 }
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
