package import EventModel
internal import Glibc
internal import Reporting

/// Encodes events and hands them to standard output, a batch at a time. One thread owns it.
package final class EventOutput {
    /// Bytes that wait for a slow reader; more is lost, and a gap event says so. Taken only while it is slow.
    private static let mostWaiting = 8 << 20

    private let queue: OutputQueue
    private let host: HostRoot
    private var lines: OutgoingLines
    private(set) var changes: [ChangeKind: UInt64] = [:]
    private(set) var unattributed: UInt64 = 0

    /// - Parameters:
    ///   - descriptor: where the lines go; stays the caller's.
    ///   - host: whose users, groups and paths the lines name.
    ///   - limit: the most bytes that wait for the reader.
    /// - Throws: `WatchProblem` when the host refuses a thread.
    package init(
        format: WatchOptions.Format, descriptor: Int32 = STDOUT_FILENO, host: HostRoot = HostRoot(),
        limit: Int = EventOutput.mostWaiting
    ) throws(WatchProblem) {
        guard let queue = OutputQueue(descriptor: descriptor, limit: limit) else {
            throw WatchProblem(message: "cannot start: no thread or descriptor is to be had")
        }
        self.queue = queue
        self.host = host
        lines = OutgoingLines(encoder: Self.encoder(format, host), source: "output")
    }

    private static func encoder(_ format: WatchOptions.Format, _ host: HostRoot) -> LineEncoder {
        switch format {
        case .json: LineEncoder(host: host)
        case .terminal(let allowsColour):
            LineEncoder(
                colour: allowsColour && isatty(STDOUT_FILENO) == 1, width: max(100, terminalWidth), host: host
            )
        }
    }

    /// Standard output cannot be written any more; positive errno.
    package var failure: Int32? { queue.failure }
    /// Standard output cannot be written now; positive errno.
    package var trouble: Int32? { queue.trouble }
    /// Events that were lost because nobody took the lines.
    var lost: UInt64 { lines.lost }

    package func take(_ event: SensorEvent) {
        if case .change(let change) = event {
            changes[change.kind, default: 0] += 1
            if change.attribution?.process.executable.isKnown != true { unattributed += 1 }
        }
        lines.take(host.told(event), for: queue.buffer)
    }

    /// Hands over what has been encoded, and what has been lost. Never waits for the reader.
    package func flush() { lines.flush(to: queue.buffer) }

    /// Writes what remains, and what has been lost if a second makes room for that. Returns whether everything
    /// was written.
    package func finish() -> Bool {
        lines.finish(to: queue.buffer)
        return queue.finish(patience: 2_000)
    }

    /// What has gone to standard output, for the summary.
    var summary: Summary.Source {
        Summary.Source(name: "output", events: lines.events &- lines.lost, lost: lines.lost)
    }

    /// The columns of the terminal on standard output; 0 when it is none.
    private static var terminalWidth: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
    }
}
