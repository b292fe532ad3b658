/// The event ring against queues under a mutex: throughput, and latency at 100,000 records a second.
@main
struct RingBenchmark {
    static let runs = 7

    static func main() {
        print("EventRing.throughput: a C thread to a Swift consumer that sleeps when empty, \(runs) runs")
        print("queue                              bytes   median M/s     best M/s    ns/record  of the ring")
        for length: UInt32 in [64, 300] {
            let ring = report("ring", length, nil) { ringRun(20_000_000, of: $0) }
            _ = report("pthread mutex, byte queue in C", length, ring) { mutexRun(4_000_000, of: $0) }
            _ = report("Mutex<[[UInt8]]> in Swift", length, ring) { swiftMutexRun(4_000_000, of: $0) }
        }
        print("")
        print("EventRing.latency: 64 bytes every 10 microseconds, 200,000 records, median of \(runs) runs")
        print("queue                                     p50 us    p99 us   consumer, % of a core")
        // In turns, so that what else the machine does meets all of them alike.
        var results = [[LatencyResult]](repeating: [], count: latencyRuns.count)
        for _ in 0..<runs {
            for (index, one) in latencyRuns.enumerated() {
                if let result = one.run() { results[index].append(result) }
            }
        }
        for (one, results) in zip(latencyRuns, results) { report(one.name, results) }
    }

    static let latencyRuns: [(name: String, run: @Sendable () -> LatencyResult?)] = [
        ("ring, eventfd when armed", { ringLatency(200_000, linger: 0) }),
        ("ring, lingers 250 us", { ringLatency(200_000, linger: 250) }),
        ("ring, lingers 1000 us", { ringLatency(200_000, linger: 1000) }),
        ("pthread mutex and condition", { mutexLatency(200_000) }),
    ]

    /// Prints a row of the first table; the median of nanoseconds for a record.
    static func report(
        _ name: String, _ length: UInt32, _ floor: Double?, _ run: (UInt32) -> UInt64
    ) -> Double {
        let records = floor == nil ? 20_000_000.0 : 4_000_000.0
        let each = (0..<runs).map { _ in Double(run(length)) / records }.sorted()
        let median = each[runs / 2]
        print(
            pad(name, 34), right("\(length)", 5), right(tenths(1000 / median), 12),
            right(tenths(1000 / each[0]), 12),
            right(tenths(median), 12), right(floor.map { tenths($0 * 100 / median) + " %" } ?? "", 12))
        return median
    }

    /// Prints a row of the second table.
    static func report(_ name: String, _ results: [LatencyResult]) {
        guard results.count == runs else { return print(pad(name, 38), "did not run") }
        let median = results.map(\.median).sorted()[runs / 2]
        let high = results.map(\.high).sorted()[runs / 2]
        let share = results.map(\.consumerShare).sorted()[runs / 2]
        print(
            pad(name, 38), right(tenths(Double(median) / 1000), 9), right(tenths(Double(high) / 1000), 9),
            right(tenths(share * 100), 12))
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static func tenths(_ value: Double) -> String {
        let scaled = UInt64((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }
}
