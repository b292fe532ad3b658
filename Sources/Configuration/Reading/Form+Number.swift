extension Form where Value == UInt64 {
    static func number(_ range: ClosedRange<UInt64>) -> Form {
        scalar(
            "a whole number from \(range.lowerBound) to \(range.upperBound)",
            advice: "digits alone",
            parse: { text, type in
                guard type == .number, let value = decimal(text[...]), range.contains(value) else {
                    return nil
                }
                return value
            }, write: { .number($0) })
    }

    /// A span of time in seconds: `30s`, `5m`, `12h`, `7d`, or a plain number of seconds.
    static func duration(_ range: ClosedRange<UInt64>) -> Form {
        let units = Units.time
        return scalar(
            "a time from \(units.text(range.lowerBound)) to \(units.text(range.upperBound))",
            advice: "a number and s, m, h or d: 12h", parse: { text, _ in units.parse(text, range) },
            write: { .text(units.text($0)) })
    }

    /// A number of bytes: `64KB`, `10MB`, `1GB`, or a plain number; a KB has 1024.
    static func size(_ range: ClosedRange<UInt64>) -> Form {
        let units = Units.size
        return scalar(
            "a size from \(units.text(range.lowerBound)) to \(units.text(range.upperBound))",
            advice: "a number and KB, MB, GB or TB: 100MB", parse: { text, _ in units.parse(text, range) },
            write: { units.isPlain($0) ? .number($0) : .text(units.text($0)) })
    }
}

/// Words for multiples, the largest first.
private struct Units: Sendable {
    let table: [(name: String, factor: UInt64)]

    static let time = Units(table: [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)])
    static let size = Units(table: [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)])

    func parse(_ text: String, _ range: ClosedRange<UInt64>) -> UInt64? {
        var digits = text[...]
        var factor: UInt64 = 1
        if let unit = table.first(where: { text.hasSuffix($0.name) }) {
            digits = text.dropLast(unit.name.utf8.count)
            factor = unit.factor
        }
        guard let number = decimal(digits) else { return nil }
        let (value, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow || !range.contains(value) ? nil : value
    }

    func isPlain(_ value: UInt64) -> Bool { unit(of: value) == nil }

    func text(_ value: UInt64) -> String {
        guard let unit = unit(of: value) else { return "\(value)" }
        return "\(value / unit.factor)\(unit.name)"
    }

    private func unit(of value: UInt64) -> (name: String, factor: UInt64)? {
        value == 0 ? nil : table.first { value.isMultiple(of: $0.factor) }
    }
}

/// Digits without a sign; no zero in front of others, which means octal to some readers of YAML.
func decimal(_ text: Substring) -> UInt64? {
    let digits = text.utf8
    guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    guard digits.first != 0x30 || digits.count == 1 else { return nil }
    return UInt64(text)
}
