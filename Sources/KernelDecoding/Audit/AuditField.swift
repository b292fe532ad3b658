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

    @inlinable init(
        keyStart: Int, keyEnd: Int, valueStart: Int, valueEnd: Int, isQuoted: Bool, isNested: Bool
    ) {
        self.keyStart = keyStart
        self.keyEnd = keyEnd
        self.valueStart = valueStart
        self.valueEnd = valueEnd
        self.isQuoted = isQuoted
        self.isNested = isNested
    }

    @inlinable package var keyCount: Int { keyEnd &- keyStart }
    @inlinable package var valueCount: Int { valueEnd &- valueStart }
}

/// Goes through the fields of one record.
///
/// The kernel writes untrusted strings in hexadecimal when they hold blanks, quotes or control bytes, so that a
/// field always ends at a blank and nothing inside a value is ever taken for a field of its own. The text that
/// user space puts into `msg='…'` has no such guarantee: its fields say that they are nested.
package struct AuditFieldCursor: Sendable {
    @usableFromInline var position: Int
    @usableFromInline let end: Int
    @usableFromInline var isNested = false
    /// The first byte of the part that auditd adds for people (`ARCH=x86_64 …`), once the fields are at an end.
    package private(set) var enrichedStart: Int?

    @inlinable package init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    @usableFromInline mutating func stop(beforeEnrichedAt index: Int) {
        position = end
        enrichedStart = index + 1
    }

    /// The next field; `nil` after the last one.
    @inlinable @inline(__always)
    package mutating func next(in bytes: Span<UInt8>) -> AuditField? {
        var index = position
        var key = index
        while true {
            index = firstBlankOrEquals(bytes, index, end)
            guard index < end else {
                position = end
                return nil
            }
            let byte = bytes[index]
            if byte == UInt8(ascii: "=") {
                let equals = index
                index &+= 1
                if index < end, bytes[index] == UInt8(ascii: "'"), isMessage(bytes, key, equals) {
                    isNested = true
                    index &+= 1
                    key = index
                    continue
                }
                return value(in: bytes, key, equals)
            }
            if byte == 0x1d {
                stop(beforeEnrichedAt: index)
                return nil
            }
            // A word that is no field, unless it is some other control byte that user space wrote.
            index &+= 1
            if byte == UInt8(ascii: " ") { key = index }
        }
    }

    @inlinable @inline(__always)
    func isMessage(_ bytes: Span<UInt8>, _ key: Int, _ equals: Int) -> Bool {
        equals &- key == 3 && bytes[key] == UInt8(ascii: "m") && bytes[key &+ 1] == UInt8(ascii: "s")
            && bytes[key &+ 2] == UInt8(ascii: "g") && !isNested
    }

    @inlinable @inline(__always)
    mutating func value(in bytes: Span<UInt8>, _ key: Int, _ equals: Int) -> AuditField {
        let start = equals &+ 1
        var stop = firstBlank(bytes, start, end)
        while stop < end, bytes[stop] != UInt8(ascii: " "), bytes[stop] != 0x1d {
            stop = firstBlank(bytes, stop &+ 1, end)
        }
        position = stop
        var field = AuditField(
            keyStart: key, keyEnd: equals, valueStart: start, valueEnd: stop, isQuoted: false,
            isNested: isNested)
        guard start < stop else { return field }
        let first = bytes[start]
        if first == UInt8(ascii: "\"") || isNested || bytes[stop &- 1] == UInt8(ascii: ",") {
            trim(&field, in: bytes)
        }
        return field
    }

    /// Takes off quotes, the apostrophe that ends `msg='…'`, and the comma that old kernels put between fields.
    @usableFromInline
    mutating func trim(_ field: inout AuditField, in bytes: Span<UInt8>) {
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
