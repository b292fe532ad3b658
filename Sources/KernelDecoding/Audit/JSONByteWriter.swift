internal import CScan
internal import EventModel
internal import Glibc

/// Writes JSON text into memory of its own, which grows and is used again.
///
/// Every function first makes room for the most that it can write, then writes without further checks.
package struct JSONByteWriter: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    package private(set) var count = 0

    package init(capacity: Int) {
        self.capacity = max(capacity, 4096)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// Calls `body` with what has been written.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: base, count: count))
    }

    package mutating func removeAll() { count = 0 }

    /// Takes back what was written after the first `count` bytes.
    mutating func truncate(to count: Int) { self.count = min(self.count, count) }

    /// The last byte; 0 when there is none.
    var last: UInt8 { count > 0 ? base[count - 1] : 0 }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    /// Text that is JSON already.
    @inline(__always)
    mutating func raw(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        memcpy(base + count, text.utf8Start, length)
        count &+= length
    }

    @inline(__always)
    mutating func byte(_ byte: Unicode.Scalar) {
        reserve(1)
        base[count] = UInt8(ascii: byte)
        count &+= 1
    }

    mutating func append(_ other: borrowing JSONByteWriter) {
        reserve(other.count)
        memcpy(base + count, other.base, other.count)
        count &+= other.count
    }

    mutating func number(_ value: UInt64) {
        reserve(20)
        var rest = value
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = value
        for place in stride(from: digits - 1, through: 0, by: -1) {
            base[count + place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    /// `value` with leading zeros.
    mutating func number(_ value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        for place in stride(from: digits - 1, through: 0, by: -1) {
            base[count + place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    mutating func hexadecimal(_ value: UInt64) {
        reserve(16)
        var shift = 60
        while shift > 0, value >> UInt64(shift) == 0 { shift -= 4 }
        while shift >= 0 {
            base[count] = Self.digit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15)
            count += 1
            shift -= 4
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The inside of a string. What is not UTF-8 becomes U+FFFD.
    @inline(__always)
    mutating func escaped(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
        let length = end &- start
        guard length > 0, start >= 0, end <= bytes.count else { return }
        // A byte becomes six at most (\u0000); 32 more for the copy below, which is longer than needed.
        reserve(length &* 6 &+ 32)
        bytes.withUnsafeBufferPointer { buffer in
            guard let source = buffer.baseAddress else { return }
            if length <= 32, start &+ 32 <= buffer.count {
                // Most strings are short and plain: one look, one copy.
                if cscan_json32(source + start).trailingZeroBitCount >= length {
                    memcpy(base + count, source + start, 32)
                    count &+= length
                    return
                }
            }
            escapedSlowly(source, start, end, buffer.count)
        }
    }

    /// A field as name and value; the how manieth of its name it is stands after the name from the second on.
    @inline(__always)
    mutating func pair(_ field: AuditField, _ occurrence: UInt32, _ bytes: Span<UInt8>) {
        let keyCount = field.keyCount
        let valueCount = field.valueCount
        guard occurrence == 1, keyCount <= 32, valueCount <= 32, keyCount >= 0, valueCount >= 0,
            field.keyStart >= 0, field.valueStart >= 0, field.keyStart &+ 32 <= bytes.count,
            field.valueStart &+ 32 <= bytes.count
        else { return longPair(field, occurrence, bytes) }
        // Five bytes around two copies of 32, which are longer than what is kept of them.
        reserve(5 &+ 64)
        let isPlain = bytes.withUnsafeBufferPointer { buffer -> Bool in
            guard let source = buffer.baseAddress,
                cscan_json32(source + field.keyStart).trailingZeroBitCount >= keyCount,
                cscan_json32(source + field.valueStart).trailingZeroBitCount >= valueCount
            else { return false }
            var target = base + count
            target[0] = UInt8(ascii: "\"")
            memcpy(target + 1, source + field.keyStart, 32)
            target += keyCount &+ 1
            target[0] = UInt8(ascii: "\"")
            target[1] = UInt8(ascii: ":")
            target[2] = UInt8(ascii: "\"")
            memcpy(target + 3, source + field.valueStart, 32)
            target[valueCount &+ 3] = UInt8(ascii: "\"")
            return true
        }
        guard isPlain else { return longPair(field, occurrence, bytes) }
        count &+= keyCount &+ valueCount &+ 5
    }

    private mutating func longPair(_ field: AuditField, _ occurrence: UInt32, _ bytes: Span<UInt8>) {
        byte("\"")
        escaped(bytes, field.keyStart, field.keyEnd)
        if occurrence > 1 {
            byte("#")
            number(UInt64(occurrence))
        }
        raw("\":\"")
        escaped(bytes, field.valueStart, field.valueEnd)
        byte("\"")
    }

    /// An array of strings.
    mutating func strings(_ values: [ByteString]) {
        byte("[")
        for index in values.indices {
            raw(index > 0 ? ",\"" : "\"")
            escaped(values[index].bytes)
            byte("\"")
        }
        byte("]")
    }

    mutating func escaped(_ bytes: [UInt8]) { escaped(bytes.span, 0, bytes.count) }

    /// As above; room has been made.
    private mutating func escapedSlowly(_ source: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ limit: Int) {
        var index = start
        while index < end {
            if index + 32 <= limit {
                let plain = min(cscan_json32(source + index).trailingZeroBitCount, end - index)
                memcpy(base + count, source + index, 32)
                count += plain
                index += plain
                if plain == 32 || index == end { continue }
            }
            index += one(source, index, end)
        }
    }

    /// Writes the character at `index`; returns of how many bytes it is made.
    private mutating func one(_ source: UnsafePointer<UInt8>, _ index: Int, _ end: Int) -> Int {
        let byte = source[index]
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            base[count] = UInt8(ascii: "\\")
            base[count + 1] = byte
            count += 2
            return 1
        }
        if byte < 0x20 {
            control(byte)
            return 1
        }
        if byte < 0x80 {
            base[count] = byte
            count += 1
            return 1
        }
        let length = Self.sequence(source, index, end)
        if length == 0 {
            (base[count], base[count + 1], base[count + 2]) = (0xef, 0xbf, 0xbd)
            count += 3
            return 1
        }
        for step in 0..<length { base[count + step] = source[index + step] }
        count += length
        return length
    }

    private mutating func control(_ byte: UInt8) {
        let short: UInt8 =
            switch byte {
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0a: UInt8(ascii: "n")
            case 0x0c: UInt8(ascii: "f")
            case 0x0d: UInt8(ascii: "r")
            default: 0
            }
        base[count] = UInt8(ascii: "\\")
        if short != 0 {
            base[count + 1] = short
            count += 2
            return
        }
        (base[count + 1], base[count + 2], base[count + 3]) = (UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0"))
        (base[count + 4], base[count + 5]) = (Self.digit(byte >> 4), Self.digit(byte & 15))
        count += 6
    }

    /// How many bytes the UTF-8 sequence at `index` has; 0 when it is none (RFC 3629, table of section 4).
    private static func sequence(_ source: UnsafePointer<UInt8>, _ index: Int, _ end: Int) -> Int {
        let lead = source[index]
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        let length: Int
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, low) = (3, 0xa0)
        case 0xed: (length, high) = (3, 0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, low) = (4, 0x90)
        case 0xf1...0xf3: length = 4
        case 0xf4: (length, high) = (4, 0x8f)
        default: return 0
        }
        guard index + length <= end, source[index + 1] >= low, source[index + 1] <= high else { return 0 }
        for step in 2..<max(2, length) where source[index + step] & 0xc0 != 0x80 { return 0 }
        return length
    }
}
