package import EventModel

extension AuditField {
    /// Up to eight bytes of the key as a number, the first in the lowest byte; 0 for longer keys.
    @inline(__always)
    func packedKey(in bytes: Span<UInt8>) -> UInt64 {
        let count = keyCount
        guard count > 0, count <= 8 else { return 0 }
        if keyStart &+ 8 <= bytes.count {
            return word(bytes, at: keyStart) & (UInt64.max &>> UInt64(64 &- count &* 8))
        }
        var packed: UInt64 = 0
        for step in 0..<count { packed |= UInt64(bytes[keyStart + step]) << UInt64(step * 8) }
        return packed
    }

    /// Whether the key is `text`.
    package func isKey(_ text: StaticString, in bytes: Span<UInt8>) -> Bool {
        equals(text, bytes, keyStart, keyEnd)
    }

    /// Whether the value is `text`, without regard to quotes.
    package func isValue(_ text: StaticString, in bytes: Span<UInt8>) -> Bool {
        equals(text, bytes, valueStart, valueEnd)
    }

    /// The value as an unsigned decimal number.
    package func number(in bytes: Span<UInt8>) -> UInt64? { decimal(bytes, valueStart, valueEnd) }

    /// The value as a decimal number of 32 bits.
    func number32(in bytes: Span<UInt8>) -> UInt32? {
        number(in: bytes).flatMap { UInt32(exactly: $0) }
    }

    /// The value as a process id.
    func processID(in bytes: Span<UInt8>) -> Int32? {
        number(in: bytes).flatMap { Int32(exactly: $0) }
    }

    /// The value as a signed decimal number.
    package func signedNumber(in bytes: Span<UInt8>) -> Int64? {
        guard valueCount > 0 else { return nil }
        if bytes[valueStart] == UInt8(ascii: "-") {
            guard let magnitude = decimal(bytes, valueStart + 1, valueEnd) else { return nil }
            return Int64(exactly: magnitude).map { -$0 }
        }
        return number(in: bytes).flatMap { Int64(exactly: $0) }
    }

    /// Whether the value can be a string that the kernel wrote in hexadecimal: whole bytes, no quotes.
    package func isHexadecimal(in bytes: Span<UInt8>) -> Bool {
        guard !isQuoted, valueCount > 0, valueCount & 1 == 0 else { return false }
        for index in valueStart..<valueEnd where hexDigit(bytes[index]) > 15 { return false }
        return true
    }

    /// The value of a field that may be written in hexadecimal, as it was before.
    package func string(in bytes: Span<UInt8>) -> ByteString {
        if isHexadecimal(in: bytes) {
            return ByteString(decodedHexadecimal(bytes, valueStart, valueEnd))
        }
        return ByteString(copy(bytes, valueStart, valueEnd))
    }

    /// The same; `nil` for what the kernel writes when there is no value: `(null)`, `(none)`, `?`.
    package func optionalString(in bytes: Span<UInt8>) -> ByteString? {
        if !isQuoted, isValue("(null)", in: bytes) || isValue("(none)", in: bytes) || isValue("?", in: bytes) {
            return nil
        }
        return string(in: bytes)
    }
}

/// The bytes that an even number of hexadecimal digits stands for.
func decodedHexadecimal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
    let count = (end - start) / 2
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        var index = start
        for step in 0..<count {
            buffer[step] = hexDigit(bytes[index]) << 4 | hexDigit(bytes[index &+ 1])
            index &+= 2
        }
        filled = count
    }
}

/// `bytes[start..<end]` as an array.
func copy(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
    bytes.extracting(start..<end).withUnsafeBufferPointer { [UInt8]($0) }
}

/// Splits at each `separator`; one empty piece at the end, as after the last argument, is left out.
func split(_ bytes: [UInt8], at separator: UInt8) -> [ByteString] {
    var pieces: [ByteString] = []
    var start = 0
    for index in bytes.indices where bytes[index] == separator {
        pieces.append(ByteString(Array(bytes[start..<index])))
        start = index + 1
    }
    if start < bytes.count { pieces.append(ByteString(Array(bytes[start...]))) }
    return pieces
}
