internal import CScan
internal import Glibc

/// Eight bytes from `index` on, the first in the lowest byte. The caller has checked that they are there.
@inline(__always)
func word(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
    UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
}

/// Which of the 32 bytes from `index` on are blanks, and which are `=`; see `cscan_fields32`.
@inline(__always)
func fieldMarks(_ bytes: Span<UInt8>, at index: Int) -> UInt64? {
    guard index >= 0, index &+ 32 <= bytes.count else { return nil }
    return bytes.withUnsafeBufferPointer { buffer in
        // Checked above: 32 bytes from `index` on are within the buffer.
        buffer.baseAddress.map { cscan_fields32($0 + index) }
    }
}

/// The first byte from `start` on that is 0x20 or lower, else `end`.
@inline(__always)
func firstBlank(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var index = start
    while index < end {
        guard let marks = fieldMarks(bytes, at: index) else { break }
        let blanks = UInt32(truncatingIfNeeded: marks)
        if blanks != 0 { return min(end, index &+ blanks.trailingZeroBitCount) }
        index &+= 32
    }
    while index < end, bytes[index] > 0x20 { index &+= 1 }
    return min(index, end)
}

/// The first line feed from `start` on; `nil` when there is none.
@inline(__always)
func firstLineFeed(_ bytes: Span<UInt8>, from start: Int) -> Int? {
    bytes.withUnsafeBufferPointer { buffer in
        guard start < buffer.count, let base = buffer.baseAddress,
            let found = memchr(base + start, 0x0a, buffer.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
}

/// Whether `bytes[index..<end]` starts with `prefix`.
@inline(__always)
func hasPrefix(_ prefix: StaticString, _ bytes: Span<UInt8>, at index: Int, end: Int) -> Bool {
    let count = prefix.utf8CodeUnitCount
    guard index >= 0, end <= bytes.count, end - index >= count else { return false }
    return prefix.withUTF8Buffer { wanted in
        for step in 0..<count where bytes[index + step] != wanted[step] { return false }
        return true
    }
}

/// Whether `bytes[start..<end]` is `text`.
@inline(__always)
func equals(_ text: StaticString, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    end - start == text.utf8CodeUnitCount && hasPrefix(text, bytes, at: start, end: end)
}

/// The decimal number that `bytes[start..<end]` is; `nil` when it is none or does not fit.
package func decimal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64? {
    guard start >= 0, start < end, end <= bytes.count, end - start <= 20 else { return nil }
    var value: UInt64 = 0
    for index in start..<end {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        let (tens, tooMuch) = value.multipliedReportingOverflow(by: 10)
        let (sum, carried) = tens.addingReportingOverflow(UInt64(digit))
        if tooMuch || carried { return nil }
        value = sum
    }
    return value
}

/// The value of a hexadecimal digit, 255 for other bytes.
@inline(__always)
func hexDigit(_ byte: UInt8) -> UInt8 {
    let decimal = byte &- UInt8(ascii: "0")
    if decimal < 10 { return decimal }
    let letter = (byte | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter &+ 10 : 255
}

/// The hexadecimal number (without prefix) that `bytes[start..<end]` is.
package func hexadecimal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64? {
    guard start >= 0, start < end, end <= bytes.count, end - start <= 16 else { return nil }
    var value: UInt64 = 0
    for index in start..<end {
        let digit = hexDigit(bytes[index])
        guard digit < 16 else { return nil }
        value = value << 4 | UInt64(digit)
    }
    return value
}

/// The octal number that `bytes[start..<end]` is.
package func octal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64? {
    guard start >= 0, start < end, end <= bytes.count, end - start <= 20 else { return nil }
    var value: UInt64 = 0
    for index in start..<end {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 8 else { return nil }
        value = value << 3 | UInt64(digit)
    }
    return value
}
