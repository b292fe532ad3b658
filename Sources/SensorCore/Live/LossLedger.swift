internal import EventModel

/// What each source has lost, and the event for each loss. One thread owns it.
final class LossLedger {
    private var losses: [String: (counted: UInt64, uncounted: UInt64)] = [:]
    private var latest: [String: UInt64] = [:]
    private let emit: (SensorEvent) -> Void

    init(emit: @escaping (SensorEvent) -> Void) { self.emit = emit }

    /// - Parameters:
    ///   - count: events lost, `nil` when the kernel does not say.
    ///   - from: CLOCK_MONOTONIC nanoseconds; the loss happened between this and `to`.
    func report(_ cause: Gap.Cause, source: String, count: UInt64? = nil, from: UInt64, to: UInt64) {
        latest[source] = to
        let offset = Clock.realtime &- Clock.monotonic
        if let count {
            losses[source, default: (0, 0)].counted += count
        } else {
            losses[source, default: (0, 0)].uncounted += 1
        }
        emit(
            .gap(Gap(source: source, cause: cause, count: count, from: from &+ offset, to: to &+ offset)))
    }

    /// Whether `source` has lost something since `moment`, CLOCK_MONOTONIC nanoseconds.
    func hasLost(_ source: String, since moment: UInt64) -> Bool { (latest[source] ?? 0) >= moment }

    func losses(of source: String) -> (counted: UInt64, uncounted: UInt64) { losses[source] ?? (0, 0) }
}
