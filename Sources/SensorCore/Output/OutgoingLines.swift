internal import EventModel
internal import Glibc
internal import Reporting

/// Events as lines, in one form or the other.
struct LineEncoder: ~Copyable {
    private var json: ECSEncoder?
    private var terminal: TerminalEncoder?
    /// Whose users and groups the names are.
    private let host: HostRoot
    private let layers: LayerFinder

    /// JSON lines.
    init(host: HostRoot = HostRoot()) {
        self.host = host
        layers = LayerFinder(host: host)
        json = ECSEncoder(
            names: Self.readNames(host), bootTime: Clock.realtime &- Clock.monotonic &- Clock.bootOffset)
    }

    /// Text for people.
    init(colour: Bool, width: Int, host: HostRoot = HostRoot()) {
        self.host = host
        layers = LayerFinder(host: host)
        terminal = TerminalEncoder(names: Self.readNames(host), colour: colour, width: width)
    }

    /// Appends the line of `event`.
    mutating func encode(_ event: SensorEvent, into buffer: inout [UInt8]) {
        if json != nil {
            let located = located(event)
            json?.encode(located)
            json?.withLine { buffer.append(contentsOf: $0) }
        } else {
            terminal?.encode(event)
            buffer.append(contentsOf: terminal?.line ?? [])
        }
    }

    /// With the container layer of a file that lies in one.
    private func located(_ event: SensorEvent) -> SensorEvent {
        guard case .change(let change) = event, let layer = layers.layer(of: change.path) else {
            return event
        }
        var located = change
        located.layer = layer
        return .change(located)
    }

    /// Reads the names of users and groups again when `change` may have touched them.
    mutating func follow(_ change: FileChange) {
        guard change.path == "/etc/passwd" || change.path == "/etc/group" else { return }
        let names = Self.readNames(host)
        json?.use(names)
        terminal?.use(names)
    }

    private static func readNames(_ host: HostRoot) -> NameTable {
        NameTable(
            passwd: SmallFile.read(host.file("/etc/passwd")), group: SmallFile.read(host.file("/etc/group")))
    }
}

/// Lines on their way to a thread that writes them, a batch at a time, and the account of those that it refused.
struct OutgoingLines: ~Copyable {
    /// Bytes that a line about lost ones takes at most.
    private static let gapRoom = 1_024
    /// Bytes that are gathered before they are handed over.
    static let batch = 65_536

    private var encoder: LineEncoder
    /// What a gap names as its source.
    private let source: String
    private var bytes: [UInt8] = []
    /// Events in `bytes`.
    private var gathered: UInt64 = 0
    /// Events that were refused since the last one that was not, and when the first of them was (CLOCK_REALTIME).
    private var refused: UInt64 = 0
    private var refusedSince: UInt64 = 0
    /// The event up to which each is in a line that was taken over, or counted in one.
    private var position: UInt64 = 0
    private(set) var events: UInt64 = 0
    private(set) var lost: UInt64 = 0

    init(encoder: consuming LineEncoder, source: String) {
        self.encoder = encoder
        self.source = source
    }

    mutating func take(_ event: SensorEvent, for buffer: OutputBuffer) {
        if case .change(let change) = event { encoder.follow(change) }
        events += 1
        encoder.encode(event, into: &bytes)
        gathered += 1
        if bytes.count >= Self.batch { flush(to: buffer) }
    }

    /// Hands over what has been encoded, and what has been lost. Never waits for the writing thread.
    mutating func flush(to buffer: OutputBuffer) {
        guard gathered > 0 else {
            tellRefused(to: buffer)
            return
        }
        // While a loss is untold the position stays before it.
        let reached = refused == 0 ? events : position
        // A copy of just the size: what waits is bounded by its bytes.
        if buffer.offer(Array(bytes), position: reached) {
            position = reached
            empty()
            tellRefused(to: buffer)
        } else {
            if refused == 0 { refusedSince = Clock.realtime }
            refused += gathered
            lost += gathered
            empty()
        }
    }

    private mutating func empty() {
        // One long line does not cost memory for ever.
        bytes.removeAll(keepingCapacity: bytes.capacity <= 4 * Self.batch)
        gathered = 0
    }

    /// Says what has been lost once there is room again; not before, because a line that is encoded takes a
    /// number of the sequence.
    private mutating func tellRefused(to buffer: OutputBuffer) {
        guard refused > 0, buffer.hasRoom(for: Self.gapRoom) else { return }
        let gap = Gap(
            source: source, cause: .outputBlocked, count: refused, from: refusedSince, to: Clock.realtime)
        encoder.encode(.gap(gap), into: &bytes)
        if buffer.offer(Array(bytes), position: events) {
            refused = 0
            position = events
        }
        empty()
    }

    /// Hands over what remains, and what has been lost if a second makes room for that.
    mutating func finish(to buffer: OutputBuffer) {
        flush(to: buffer)
        let begin = Clock.monotonic
        while refused > 0, buffer.failure == nil, Clock.monotonic &- begin < 1_000_000_000 {
            usleep(5_000)
            tellRefused(to: buffer)
        }
    }
}
