/// How much a change matters to whoever watches the file, from least to most.
package enum Severity: String, Sendable, CaseIterable, Comparable {
    case info
    case low
    case medium
    case high
    case critical

    /// The number in `event.severity`: 1, 21, 47, 73 or 99, as Elastic's own rules have them.
    package var score: UInt64 {
        switch self {
        case .info: 1
        case .low: 21
        case .medium: 47
        case .high: 73
        case .critical: 99
        }
    }

    package static func < (left: Severity, right: Severity) -> Bool { left.score < right.score }
}
