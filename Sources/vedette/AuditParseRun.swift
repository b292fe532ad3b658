internal import Glibc
internal import KernelDecoding

/// One run of `vedette audit parse`.
struct AuditParseRun: ~Copyable {
    private static let chunk = 256 << 10

    private var decoder = AuditTextDecoder()
    private var encoder: AuditJSONEncoder
    private var progress = AuditParseProgress()
    private let isQuiet: Bool
    private var hasFailed = false
    private var bytes: UInt64 = 0

    init(includesRaw: Bool, isQuiet: Bool) {
        encoder = AuditJSONEncoder(includesRaw: includesRaw)
        self.isQuiet = isQuiet
    }

    /// Reads all files; returns the exit status.
    mutating func parse(_ files: [String]) -> Int32 {
        // A closed pipe is an error to be told, not a signal to die of.
        signal(SIGPIPE, SIG_IGN)
        if !isQuiet { progress.begin(files) }
        do throws(AuditParseFailure) {
            for file in files {
                do throws(AuditParseFailure) {
                    try parse(file)
                } catch {
                    if error.isOutput { throw error }
                    complain(error.text)
                    hasFailed = true
                }
                decoder.endOfFile()
            }
            decoder.finish(json: &encoder)
            try flush()
        } catch {
            complain(error.text)
            hasFailed = true
        }
        progress.end()
        if !isQuiet { summarize() }
        return hasFailed ? 2 : decoder.malformed.isEmpty ? 0 : 1
    }

    private mutating func parse(_ file: String) throws(AuditParseFailure) {
        var input = try AuditInput(opening: file)
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = try input.read(into: &buffer)
            if count == 0 { return }
            bytes += UInt64(count)
            decoder.feed(buffer.span.extracting(0..<count), json: &encoder)
            try flush()
            progress.advance(file: file, to: input.position)
        }
    }

    private mutating func flush() throws(AuditParseFailure) {
        let failure = encoder.output.withBytes { bytes -> Int32 in
            var at = 0
            while at < bytes.count {
                let count = write(STDOUT_FILENO, bytes.baseAddress.map { $0 + at }, bytes.count - at)
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                at += count
            }
            return 0
        }
        encoder.output.removeAll()
        if failure != 0 { throw AuditParseFailure(output: failure) }
    }

    private func summarize() {
        let counters = decoder.counters
        var text = "\(counters.events) events, \(counters.records) records, \(bytes) bytes"
        if counters.lostSerials > 0 { text += "; \(counters.lostSerials) serial numbers missing" }
        if counters.cutShort > 0 { text += "; \(counters.cutShort) events without an end" }
        if counters.truncatedRecords > 0 { text += "; \(counters.truncatedRecords) records too many for their event" }
        complain(text)
        if !decoder.malformed.isEmpty {
            let reasons = decoder.malformed.map { "\($0.count) \($0.reason.rawValue)" }
            complain("not records: \(reasons.joined(separator: ", "))")
        }
    }

    private func complain(_ text: String) {
        let line = Array("vedette: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

/// What keeps a run from going on, in words that say what to do.
struct AuditParseFailure: Error {
    var text: String
    var isOutput = false

    init(_ text: String) { self.text = text }

    /// A file that cannot be opened or read.
    init(file: String, code: Int32) {
        let reason = String(cString: strerror(code))
        text =
            switch code {
            case ENOENT: "\(file): no such file; audit logs are usually /var/log/audit/audit.log*"
            case EACCES, EPERM: "\(file): \(reason); audit logs are readable by root only: try sudo"
            case EISDIR: "\(file): is a directory; name the files in it, as in \(file)/audit.log*"
            default: "\(file): \(reason)"
            }
    }

    init(output code: Int32) {
        text = "cannot write to standard output: \(String(cString: strerror(code)))"
        if code == ENOSPC { text += "; make room or write elsewhere" }
        isOutput = true
    }
}
