internal import EventModel
internal import Glibc
internal import Reporting

/// Encodes events and writes them to standard output, a batch at a time. One thread owns it.
final class EventOutput {

    private var json: ECSEncoder?
    private var terminal: TerminalEncoder?
    private var buffer: [UInt8] = []
    private(set) var changes: [ChangeKind: UInt64] = [:]
    private(set) var unattributed: UInt64 = 0
    /// Standard output cannot be written any more; positive errno.
    private(set) var failure: Int32?

    init(format: WatchOptions.Format) {
        let names = Self.readNames()
        switch format {
        case .json:
            json = ECSEncoder(names: names, bootTime: Clock.realtime &- Clock.monotonic &- Clock.bootOffset)
        case .terminal(let allowsColour):
            terminal = TerminalEncoder(names: names, colour: allowsColour && isatty(STDOUT_FILENO) == 1)
        }
    }

    func take(_ event: SensorEvent) {
        if case .change(let change) = event {
            changes[change.kind, default: 0] += 1
            if change.attribution?.process.executable.isKnown != true { unattributed += 1 }
            if change.path == "/etc/passwd" || change.path == "/etc/group" { reloadNames() }
        }
        if json != nil {
            json?.encode(event)
            json?.withLine { buffer.append(contentsOf: $0) }
        } else {
            terminal?.encode(event)
            buffer.append(contentsOf: terminal?.line ?? [])
        }
        if buffer.count >= 65_536 { flush() }
    }

    /// Writes what has been encoded. Blocks while the reader of a pipe is slow: the kernel's queues hold the rest.
    func flush() {
        var written = 0
        while written < buffer.count, failure == nil {
            let result = buffer.withUnsafeBytes { bytes in
                write(STDOUT_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if result >= 0 { written += result } else if errno != EINTR { failure = errno }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func reloadNames() {
        let names = Self.readNames()
        json?.use(names)
        terminal?.use(names)
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
