internal import Glibc
internal import KernelDecoding

/// Visits every field of every event of an audit log, as the peer `auparse_visit` does with libauparse.
@main
struct AuditBenchmark {
    static func main() {
        let isStream = CommandLine.arguments.dropFirst().first == "--stream"
        guard CommandLine.arguments.count == (isStream ? 3 : 2), let name = CommandLine.arguments.last else {
            complain("usage: AuditBenchmark [--stream] FILE")
            exit(2)
        }
        let descriptor = open(name, O_RDONLY)
        // Mapped: a copy out of the page cache would be a sixth of the whole.
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_size > 0,
            let base = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0),
            base != MAP_FAILED
        else {
            complain("cannot read \(name): \(String(cString: strerror(errno)))")
            exit(1)
        }
        let bytes = base.assumingMemoryBound(to: UInt8.self)
        let log = UnsafeBufferPointer(start: bytes, count: Int(status.st_size))
        if isStream { StreamBenchmark.run(log) } else { visit(log.span) }
    }

    /// Decodes, assembles and visits every field, in pieces as a reader has them.
    private static func visit(_ log: Span<UInt8>) {
        let start = processorSeconds()
        var decoder = AuditTextDecoder()
        var visitor = AuditFieldTally()
        var at = 0
        while at < log.count {
            let next = min(log.count, at + 256 << 10)
            decoder.feed(log.extracting(at..<next), tally: &visitor)
            at = next
        }
        decoder.finish(tally: &visitor)
        let seconds = processorSeconds() - start
        let rounded = Double(Int(seconds * 10_000)) / 10_000
        print(
            "events \(visitor.events) records \(visitor.records) fields \(visitor.fields)",
            "bytes \(visitor.bytes) seconds \(rounded)")
    }

    static func processorSeconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    private static func complain(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(2, line, line.count)
    }
}
