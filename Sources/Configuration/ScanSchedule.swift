/// When the disk is compared with the baseline (`fim.scan`).
package struct ScanSchedule: Equatable, Sendable {
    /// Seconds from one scan to the next; 0 for none but at the start.
    package var interval: UInt64 = 12 * 3_600
    package var atStart = true
    /// Files a second at most; `nil` for as many as the disk gives.
    package var rate: UInt64?
    /// Processor time of a scan, per cent of one processor. More than the host has is what it has.
    package var processor: UInt64 = 50

    package init() {}
}

extension ScanSchedule {
    static let section = Section<ScanSchedule>(
        Key("interval", \.interval, .interval), Key("at_start", \.atStart, .bool),
        Key("rate", \.rate, .number(1...1_000_000), none: "unlimited"),
        Key("processor", \.processor, .number(1...10_000))
    )
}

extension Form where Value == UInt64 {
    /// A duration, or `off` for 0.
    fileprivate static var interval: Form {
        let duration = Form.duration(0...365 * 86_400)
        return Form(
            read: { node, diagnostics in
                if case .scalar("off", _) = node.content { return 0 }
                diagnostics.alternative = "off"
                defer { diagnostics.alternative = nil }
                return duration.read(node, diagnostics)
            }, write: { $0 == 0 ? .text("off") : duration.write($0) })
    }
}
