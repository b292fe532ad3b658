internal import Baseline
internal import SensorCore

/// What `vedette fim` was asked for.
struct BaselineOptions: Sendable {
    var state = StateDirectory()
    /// Where the host's files are.
    var host = HostRoot()
    /// Whose configuration says what is meant; `nil` when the command line does.
    var configuration: RunOptions?
    /// As typed; none stands for all trees that the baseline has.
    var paths: [String] = []
    var format = WatchOptions.Format.terminal(allowsColour: true)
    var scan = ScanOptions()
    /// Files a second; `nil` for as many as the disk gives.
    var rate: UInt64?
    /// Processor time, per cent of one processor.
    var processor: UInt64 = 100

    init() {}
}
