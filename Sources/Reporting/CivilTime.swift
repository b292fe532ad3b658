/// A moment in the Gregorian calendar.
struct CivilTime: Equatable {
    var year: UInt64
    var month: UInt64
    var day: UInt64
    var hour: UInt64
    var minute: UInt64
    var second: UInt64
    var nanosecond: UInt64

    /// - Parameter nanoseconds: since 1970-01-01T00:00:00, without leap seconds, as the kernel counts.
    init(nanoseconds: UInt64) {
        let seconds = nanoseconds / 1_000_000_000
        nanosecond = nanoseconds % 1_000_000_000
        second = seconds % 60
        minute = seconds / 60 % 60
        hour = seconds / 3600 % 24
        // Days are counted from 0000-03-01, so that the leap day is the last of its year; an era is 400 years.
        let days = seconds / 86_400 + 719_468
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + days / 146_097 * 400 + (month <= 2 ? 1 : 0)
    }
}

extension ByteWriter {
    /// Appends `2026-11-24T14:09:36.000000001Z`.
    mutating func append(timestamp nanoseconds: UInt64) {
        let time = CivilTime(nanoseconds: nanoseconds)
        append(date: time)
        append(UInt8(ascii: "T"))
        append(clock: time)
        append(UInt8(ascii: "."))
        append(decimal: time.nanosecond, atLeast: 9)
        append(UInt8(ascii: "Z"))
    }

    /// Appends `2026-11-24`.
    mutating func append(date time: CivilTime) {
        append(decimal: time.year, atLeast: 4)
        append(UInt8(ascii: "-"))
        append(decimal: time.month, atLeast: 2)
        append(UInt8(ascii: "-"))
        append(decimal: time.day, atLeast: 2)
    }

    /// Appends `14:09:36`.
    mutating func append(clock time: CivilTime) {
        append(decimal: time.hour, atLeast: 2)
        append(UInt8(ascii: ":"))
        append(decimal: time.minute, atLeast: 2)
        append(UInt8(ascii: ":"))
        append(decimal: time.second, atLeast: 2)
    }

    /// Writes a member whose value is a moment: nanoseconds since 1970, as RFC 3339 in UTC.
    mutating func field(_ key: StaticString, timestamp nanoseconds: UInt64) {
        write(key: key)
        append(UInt8(ascii: "\""))
        append(timestamp: nanoseconds)
        append(UInt8(ascii: "\""))
    }
}
