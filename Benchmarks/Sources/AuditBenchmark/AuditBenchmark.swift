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
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            decoder.feed(buffer.span.extracting(0..<count), tally: &visitor)
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
