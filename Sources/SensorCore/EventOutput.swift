package import EventModel
internal import Glibc
internal import Reporting

/// Encodes events and hands them to standard output, a batch at a time. One thread owns it.
package final class EventOutput {
    /// Bytes that wait for a slow reader; more is lost, and a gap event says so. Taken only while it is slow.
    private static let mostWaiting = 8 << 20
    /// Bytes that a line about lost ones takes at most.
    private static let gapRoom = 1_024

    private var json: ECSEncoder?
    private var terminal: TerminalEncoder?
    private let queue: OutputQueue
    private var buffer: [UInt8] = []
    /// Events in the buffer.
    private var buffered: UInt64 = 0
    /// Events that were refused since the last one that was not, and when the first of them was (CLOCK_REALTIME).
    private var refused: UInt64 = 0
    private var refusedSince: UInt64 = 0
    private(set) var changes: [ChangeKind: UInt64] = [:]
    private(set) var unattributed: UInt64 = 0
    private(set) var events: UInt64 = 0
    private(set) var lost: UInt64 = 0

    /// - Parameters:
    ///   - descriptor: where the lines go; stays the caller's.
    ///   - limit: the most bytes that wait for the reader.
    /// - Throws: `WatchProblem` when the host refuses a thread.
    package init(
        format: WatchOptions.Format, descriptor: Int32 = STDOUT_FILENO, limit: Int = EventOutput.mostWaiting
    ) throws(WatchProblem) {
        guard let queue = OutputQueue(descriptor: descriptor, limit: limit) else {
            throw WatchProblem(message: "cannot start: no thread or descriptor is to be had")
        }
        self.queue = queue
        let names = Self.readNames()
        switch format {
        case .json:
            json = ECSEncoder(names: names, bootTime: Clock.realtime &- Clock.monotonic &- Clock.bootOffset)
        case .terminal(let allowsColour):
            terminal = TerminalEncoder(
                names: names, colour: allowsColour && isatty(STDOUT_FILENO) == 1,
                width: max(100, Self.terminalWidth))
        }
    }

    /// Standard output cannot be written any more; positive errno.
    package var failure: Int32? { queue.failure }
    /// Standard output cannot be written now; positive errno.
    package var trouble: Int32? { queue.trouble }

    package func take(_ event: SensorEvent) {
        if case .change(let change) = event {
            changes[change.kind, default: 0] += 1
            if change.attribution?.process.executable.isKnown != true { unattributed += 1 }
            if change.path == "/etc/passwd" || change.path == "/etc/group" { reloadNames() }
        }
        events += 1
        encode(event)
        buffered += 1
        if buffer.count >= 65_536 { flush() }
    }

    private func encode(_ event: SensorEvent) {
        if json != nil {
            json?.encode(event)
            json?.withLine { buffer.append(contentsOf: $0) }
        } else {
            terminal?.encode(event)
            buffer.append(contentsOf: terminal?.line ?? [])
        }
    }

    /// Hands over what has been encoded, and what has been lost. Never waits for the reader.
    package func flush() {
        guard buffered > 0 else {
            tellRefused()
            return
        }
        var lines: [UInt8] = []
        swap(&lines, &buffer)
        if queue.offer(lines) {
            tellRefused()
        } else {
            if refused == 0 { refusedSince = Clock.realtime }
            refused += buffered
            lost += buffered
        }
        buffered = 0
    }

    /// Says what has been lost once there is room again; not before, because a line that is encoded takes a
    /// number of the sequence.
    private func tellRefused() {
        guard refused > 0, queue.hasRoom(for: Self.gapRoom) else { return }
        encode(
            .gap(
                Gap(
                    source: "output", cause: .outputBlocked, count: refused, from: refusedSince,
                    to: Clock.realtime)))
        if queue.offer(buffer) { refused = 0 }
        buffer = []
    }

    /// Writes what remains, and what has been lost if a second makes room for that. Returns whether everything
    /// was written.
    package func finish() -> Bool {
        flush()
        let begin = Clock.monotonic
        while refused > 0, queue.failure == nil, Clock.monotonic &- begin < 1_000_000_000 {
            usleep(5_000)
            tellRefused()
        }
        return queue.finish(patience: 2_000)
    }

    /// What has gone to standard output, for the summary.
    var summary: Summary.Source { Summary.Source(name: "output", events: events &- lost, lost: lost) }

    private func reloadNames() {
        let names = Self.readNames()
        json?.use(names)
        terminal?.use(names)
    }

    /// The columns of the terminal on standard output; 0 when it is none.
    private static var terminalWidth: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
    }

    private static func readNames() -> NameTable {
        NameTable(passwd: SmallFile.read("/etc/passwd"), group: SmallFile.read("/etc/group"))
    }
}

/// Whole small files.
enum SmallFile {
    /// The content of `path`, at most `limit` bytes; empty when it cannot be read.
    static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while content.count < limit {
            let got = Glibc.read(descriptor, &chunk, min(chunk.count, limit - content.count))
            if got > 0 {
                content.append(contentsOf: chunk[..<got])
            } else if got == 0 || errno != EINTR {
                break
            }
        }
        return content
    }
}
