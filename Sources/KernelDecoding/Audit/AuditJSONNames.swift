/// Finds names that occur more than once in a record: `key` in two shapes, or whatever user space made up.
///
/// Names are told apart by a hash. Should two different ones have the same, the second is numbered as a repetition:
/// the output stays unambiguous.
struct AuditJSONNames {
    private struct Entry {
        var round: UInt32 = 0
        var count: UInt32 = 0
        var hash: UInt64 = 0
    }

    /// More names than these are not looked at: the rest of such a record is written as one text.
    static let most = 512

    private var entries = [Entry](repeating: Entry(), count: 2048)
    private var round: UInt32 = 0
    private var noted = 0

    /// Forgets all names.
    @inline(__always)
    mutating func begin() {
        round &+= 1
        noted = 0
    }

    /// The how manieth of its name a field is; `nil` when there are too many.
    @inline(__always)
    mutating func note(_ field: AuditField, _ packed: UInt64, _ bytes: Span<UInt8>) -> UInt32? {
        let hash = packed != 0 ? packed : longHash(field, bytes)
        let mixed = hash &* 0x9e37_79b9_7f4a_7c15
        var slot = Int(truncatingIfNeeded: mixed &>> 53)
        while entries[slot].round == round {
            if entries[slot].hash == hash {
                entries[slot].count &+= 1
                return entries[slot].count
            }
            slot = (slot &+ 1) & 2047
        }
        noted &+= 1
        if noted > Self.most { return nil }
        entries[slot] = Entry(round: round, count: 1, hash: hash)
        return 1
    }

    private func longHash(_ field: AuditField, _ bytes: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in field.keyStart..<field.keyEnd { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
        return hash | 1 << 63
    }
}

/// Writes times as RFC 3339 has them, in UTC; the second before is remembered.
struct AuditJSONClock {
    private var second: UInt64 = .max
    private var text: [UInt8] = []

    mutating func write(_ milliseconds: UInt64, to output: inout JSONByteWriter) {
        if milliseconds / 1000 != second {
            second = milliseconds / 1000
            text = Self.format(second)
        }
        output.escaped(text)
        output.byte(".")
        output.number(milliseconds % 1000, digits: 3)
        output.byte("Z")
    }

    /// Days to a date by eras of 400 years of the Gregorian calendar that begin in March.
    private static func format(_ second: UInt64) -> [UInt8] {
        let days = second / 86_400 + 719_468
        let (era, day) = days.quotientAndRemainder(dividingBy: 146_097)
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isNextYear = month >= 10
        let clock = second % 86_400
        var text = JSONByteWriter(capacity: 64)
        text.number(era * 400 + year + (isNextYear ? 1 : 0), digits: 4)
        for (separator, value) in [
            ("-", isNextYear ? month - 9 : month + 3), ("-", dayOfYear - (153 * month + 2) / 5 + 1),
            ("T", clock / 3600), (":", clock / 60 % 60), (":", clock % 60),
        ] as [(Unicode.Scalar, UInt64)] {
            text.byte(separator)
            text.number(value, digits: 2)
        }
        return text.withBytes { [UInt8]($0) }
    }
}
