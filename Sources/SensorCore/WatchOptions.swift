/// What `vedette watch` was asked for.
package struct WatchOptions: Sendable {
    package enum Format: Sendable, Equatable {
        case json
        case terminal(allowsColour: Bool)
    }

    /// As typed; may be relative.
    package var paths: [String]
    package var usesAudit = true
    /// Nanoseconds.
    package var settleWindow: UInt64 = 250_000_000
    package var format = Format.terminal(allowsColour: true)

    package init(paths: [String]) { self.paths = paths }
}
