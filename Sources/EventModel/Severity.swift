/// How much a change matters, as the configuration says.
package enum Severity: String, Sendable, CaseIterable {
    case info
    case low
    case medium
    case high
    case critical
}
