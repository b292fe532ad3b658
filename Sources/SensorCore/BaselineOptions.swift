package import FileIntegrity

/// What `vedette fim` was asked for.
package struct BaselineOptions: Sendable {
    package var state = StateDirectory()
    /// As typed; none stands for all trees that the baseline has.
    package var paths: [String] = []
    package var format = WatchOptions.Format.terminal(allowsColour: true)
    package var scan = ScanOptions()
    /// Files a second; `nil` for as many as the disk gives.
    package var rate: UInt64?

    package init() {}
}
