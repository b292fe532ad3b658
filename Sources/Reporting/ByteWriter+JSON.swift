package import EventModel

/// JSON by RFC 8259. Keys are literals of ours and are written as they are; values are escaped.
///
/// Text that is not UTF-8 is written with U+FFFD for each ill-formed part; `exactBytes` gives the truth beside it.
extension ByteWriter {
    /// Writes one object as the whole text.
    package mutating func root(_ body: (inout ByteWriter) -> Void) {
        append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        append(UInt8(ascii: "}"))
    }

    /// Writes `"key":{…}`, or nothing at all when `body` writes nothing.
    package mutating func object(_ key: StaticString, _ body: (inout ByteWriter) -> Void) {
        let (mark, comma) = (count, needsComma)
        write(key: key)
        append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        close(with: UInt8(ascii: "}"), else: mark, comma)
    }

    /// Writes `"key":[…]`, or nothing at all when `body` writes nothing.
    package mutating func array(_ key: StaticString, _ body: (inout ByteWriter) -> Void) {
        let (mark, comma) = (count, needsComma)
        write(key: key)
        append(UInt8(ascii: "["))
        needsComma = false
        body(&self)
        close(with: UInt8(ascii: "]"), else: mark, comma)
    }

    private mutating func close(with bracket: UInt8, else mark: Int, _ comma: Bool) {
        if needsComma {
            append(bracket)
        } else {
            truncate(to: mark)
            needsComma = comma
        }
    }

    /// Writes an object as an array's element, also when it is empty.
    package mutating func element(_ body: (inout ByteWriter) -> Void) {
        separate()
        append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func element(_ value: ByteString) {
        separate()
        quote(value.bytes.span)
    }

    package mutating func element(literal value: StaticString) {
        separate()
        quote(value)
    }

    package mutating func element(hex value: ByteString) {
        separate()
        append(UInt8(ascii: "\""))
        append(hex: value.bytes.span)
        append(UInt8(ascii: "\""))
    }

    /// `value` must need no escape: a literal of ours.
    package mutating func field(_ key: StaticString, literal value: StaticString) {
        write(key: key)
        quote(value)
    }

    package mutating func field(_ key: StaticString, _ value: String) {
        write(key: key)
        var value = value
        value.withUTF8 { quote($0.span) }
    }

    package mutating func field(_ key: StaticString, _ value: ByteString) {
        write(key: key)
        quote(value.bytes.span)
    }

    package mutating func field(_ key: StaticString, _ value: Span<UInt8>) {
        write(key: key)
        quote(value)
    }

    package mutating func field(_ key: StaticString, _ value: UInt64) {
        write(key: key)
        append(decimal: value)
    }

    package mutating func field(_ key: StaticString, _ value: Bool) {
        write(key: key)
        append(value ? "true" : "false")
    }

    /// A number as a string: what the schema calls a keyword.
    package mutating func field(_ key: StaticString, keyword value: UInt64) {
        write(key: key)
        append(UInt8(ascii: "\""))
        append(decimal: value)
        append(UInt8(ascii: "\""))
    }

    /// Writes the bytes in hexadecimal when text could not carry them; else nothing.
    package mutating func exactBytes(_ key: StaticString, of value: ByteString?) {
        guard let value, !isUTF8(value.bytes.span) else { return }
        write(key: key)
        append(UInt8(ascii: "\""))
        append(hex: value.bytes.span)
        append(UInt8(ascii: "\""))
    }

    /// Writes all of `values` in hexadecimal when text could not carry one of them; else nothing.
    package mutating func exactBytes(_ key: StaticString, ofAll values: [ByteString]?) {
        guard let values, !values.allSatisfy({ isUTF8($0.bytes.span) }) else { return }
        array(key) { writer in
            for value in values { writer.element(hex: value) }
        }
    }

    /// Writes a comma where one is due.
    mutating func separate() {
        if needsComma { append(UInt8(ascii: ",")) }
        needsComma = true
    }

    mutating func write(key: StaticString) {
        separate()
        quote(key)
        append(UInt8(ascii: ":"))
    }

    private mutating func quote(_ literal: StaticString) {
        append(UInt8(ascii: "\""))
        append(literal)
        append(UInt8(ascii: "\""))
    }

    mutating func quote(_ bytes: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        escape(bytes)
        append(UInt8(ascii: "\""))
    }

    /// Appends `bytes` as the inside of a JSON string.
    mutating func escape(_ bytes: Span<UInt8>) {
        // The longest form of a byte is \u00XX.
        ensure(bytes.count * 6)
        var index = 0
        while index < bytes.count {
            index = storePlain(bytes, from: index)
            guard index < bytes.count else { break }
            let byte = bytes[index]
            if byte < 0x80 {
                escape(special: byte)
                index &+= 1
            } else {
                let start = index
                if nextScalar(in: bytes, at: &index) != nil {
                    for position in start..<index { store(bytes[position]) }
                } else {
                    store(0xef)
                    store(0xbf)
                    store(0xbd)
                }
            }
        }
    }

    /// Room for six bytes is there.
    private mutating func escape(special byte: UInt8) {
        store(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): store(byte)
        case UInt8(ascii: "\n"): store(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): store(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): store(UInt8(ascii: "t"))
        default:
            store(UInt8(ascii: "u"))
            store(UInt8(ascii: "0"))
            store(UInt8(ascii: "0"))
            store(hexDigit(byte >> 4))
            store(hexDigit(byte & 15))
        }
    }
}
