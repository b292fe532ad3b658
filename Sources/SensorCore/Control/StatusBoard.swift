package import Reporting
internal import Synchronization

/// Where the sensor's main thread hangs out its newest report, and the control thread reads it.
package final class StatusBoard: Sendable {
    private let report = Mutex<StatusReport?>(nil)

    package init() {}

    /// Any thread. Waits for nothing longer than a copy of a reference.
    package func publish(_ report: StatusReport) { self.report.withLock { $0 = report } }

    /// The newest; `nil` before the first.
    package var latest: StatusReport? { report.withLock { $0 } }
}
