internal import CScan
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

    /// The bytes that the value is, if the kernel wrote it in hexadecimal.
    func unhexed(in bytes: Span<UInt8>) -> [UInt8]? {
        guard !isQuoted, valueCount > 0, valueCount & 1 == 0 else { return nil }
        return decodedHexadecimal(bytes, valueStart, valueEnd)
    }

    /// The value of a field that may be written in hexadecimal, as it was before.
    package func string(in bytes: Span<UInt8>) -> ByteString {
        if let decoded = unhexed(in: bytes) { return ByteString(decoded) }
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

/// The bytes that an even number of hexadecimal digits stands for; `nil` when one of them is none.
func decodedHexadecimal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8]? {
    let count = (end - start) / 2
    var isValid = true
    let decoded = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        isValid = bytes.extracting(start..<end).withUnsafeBufferPointer { unhex($0, to: buffer, count) }
        filled = isValid ? count : 0
    }
    return isValid ? decoded : nil
}

/// Decodes `2 * count` digits. Eight bytes at a time, which is within both buffers.
private func unhex(
    _ digits: UnsafeBufferPointer<UInt8>, to buffer: UnsafeMutableBufferPointer<UInt8>, _ count: Int
) -> Bool {
    guard let source = digits.baseAddress, let target = buffer.baseAddress else { return count == 0 }
    var step = 0
    while step + 8 <= count {
        if cscan_unhex16(source + 2 * step, target + step) == 0 { return false }
        step += 8
    }
    while step < count {
        let high = hexDigit(digits[2 * step])
        let low = hexDigit(digits[2 * step + 1])
        if high > 15 || low > 15 { return false }
        buffer[step] = high << 4 | low
        step += 1
    }
    return true
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
