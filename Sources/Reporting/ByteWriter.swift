/// A buffer that lines are written into, over and over. Grows to the longest line and allocates no more.
///
/// Move-only, so that there is one owner of the memory. The JSON half is in `ByteWriter+JSON.swift`.
package struct ByteWriter: ~Copyable {
    // Owned by this value alone: allocated in `init` and `grow`, freed in `deinit`.
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    package private(set) var count = 0
    /// Whether the next member of the innermost open JSON object or array needs a comma before it.
    var needsComma = false

    package init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// Forgets what was written and keeps the memory.
    package mutating func reset() {
        count = 0
        needsComma = false
    }

    /// What was written since the last `reset`; valid only during the call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy of what was written since the last `reset`.
    package var copy: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Makes room for `extra` more bytes; `store` relies on it.
    @inline(__always)
    mutating func ensure(_ extra: Int) {
        if capacity - count < extra { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let larger = max(capacity * 2, count + extra)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    /// Stores a byte for which `ensure` has made room.
    @inline(__always)
    mutating func store(_ byte: UInt8) {
        base[count] = byte
        count &+= 1
    }

    /// Copies the bytes of `text` from `start` on that stand for themselves in JSON; where they end.
    ///
    /// `ensure` has made room for all of `text`.
    @inline(__always)
    mutating func storePlain(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        let target = base + count
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                break
            }
            target[index &- start] = byte
            index &+= 1
        }
        count &+= index &- start
        return index
    }

    /// Takes back what was written after `mark`, an earlier `count`.
    mutating func truncate(to mark: Int) {
        if mark < count { count = mark }
    }

    package mutating func append(_ byte: UInt8) {
        ensure(1)
        store(byte)
    }

    package mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        ensure(length)
        (base + count).update(from: text.utf8Start, count: length)
        count &+= length
    }

    /// Appends the bytes as they are.
    package mutating func append(_ bytes: Span<UInt8>) {
        ensure(bytes.count)
        bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            (base + count).update(from: start, count: source.count)
        }
        count &+= bytes.count
    }

    package mutating func append(decimal value: UInt64) {
        append(decimal: value, atLeast: 1)
    }

    /// Appends `value` in decimal, with leading zeros up to `digits`.
    mutating func append(decimal value: UInt64, atLeast digits: Int) {
        var length = 1
        var bound: UInt64 = 10
        while value >= bound, length < 20 {
            length &+= 1
            // The bound of twenty digits does not fit; the loop ends there.
            bound = bound &* 10
        }
        length = max(length, digits)
        ensure(length)
        var rest = value
        var position = count &+ length
        while position > count {
            position &-= 1
            base[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count &+= length
    }

    /// Appends the low twelve bits in octal, four digits: `0644`.
    mutating func append(permissions mode: UInt32) {
        ensure(4)
        for shift: UInt32 in [9, 6, 3, 0] {
            store(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: (mode >> shift) & 7))
        }
    }

    /// Appends two lower-case hexadecimal digits for each byte.
    mutating func append(hex bytes: Span<UInt8>) {
        ensure(bytes.count * 2)
        for index in bytes.indices {
            store(hexDigit(bytes[index] >> 4))
            store(hexDigit(bytes[index] & 15))
        }
    }
}

@inline(__always)
func hexDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ (nibble &- 10)
}
