internal import Glibc
internal import KernelDecoding

/// Visits every field of every event of an audit log, as the peer `auparse_visit` does with libauparse.
@main
struct AuditBenchmark {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            complain("usage: AuditBenchmark FILE")
            exit(2)
        }
        let descriptor = open(CommandLine.arguments[1], O_RDONLY)
        guard descriptor >= 0 else {
            complain("\(CommandLine.arguments[1]): \(String(cString: strerror(errno)))")
            exit(1)
        }
        let start = processorSeconds()
        var decoder = AuditTextDecoder()
        var visitor = AuditFieldTally()
        // Mapped: a copy out of the page cache would be a sixth of the whole. In pieces, as a reader has them.
        var status = stat()
        fstat(descriptor, &status)
        let size = Int(status.st_size)
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            complain("cannot map \(CommandLine.arguments[1])")
            exit(1)
        }
        let log = UnsafeBufferPointer(start: base.assumingMemoryBound(to: UInt8.self), count: size).span
        var at = 0
        while at < size {
            let next = min(size, at + 256 << 10)
            decoder.feed(log.extracting(at..<next), tally: &visitor)
            at = next
        }
        decoder.finish(into: &visitor)
        let seconds = processorSeconds() - start
        let rounded = Double(Int(seconds * 10_000)) / 10_000
        print(
            "events \(visitor.events) records \(visitor.records) fields \(visitor.fields)",
            "bytes \(visitor.bytes) seconds \(rounded)")
    }

    private static func processorSeconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    private static func complain(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(2, line, line.count)
    }
}
