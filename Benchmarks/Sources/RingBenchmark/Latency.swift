internal import CRing
internal import CRingBenchmark
internal import EventRing
internal import Glibc

/// How long records took from commit to the consumer, and what the consumer's thread cost.
struct LatencyResult {
    var median: UInt64
    var high: UInt64
    var consumerShare: Double

    init(_ latencies: [UInt64], processorTime: UInt64, wall: UInt64) {
        let sorted = latencies.sorted()
        median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        high = sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100]
        consumerShare = Double(processorTime) / Double(max(wall, 1))
    }
}

/// Records of 64 bytes, 10 microseconds apart; the consumer lingers `linger` microseconds before it arms.
func ringLatency(_ records: UInt64, linger: UInt32) -> LatencyResult? {
    let wake = cbenchmark_eventfd()
    defer { close(wake) }
    guard let ring = EventRing(capacity: ringCapacity, wakeDescriptor: wake) else { return nil }
    var consumer = ring.makeConsumer()
    var plan = cproducer_plan(records: records, length: 64, batch: 1, interval_ns: 10_000)
    var latencies: [UInt64] = []
    latencies.reserveCapacity(Int(records))
    let (start, processor) = (cbenchmark_now(), cbenchmark_thread_time())
    let pointer = ring.producerPointer.assumingMemoryBound(to: cring.self)
    guard let producer = cproducer_start(pointer, nil, &plan) else { return nil }
    while latencies.count < Int(records) {
        let drained = consumer.drain { header, _ in latencies.append(cbenchmark_now() &- header.time) }
        if drained > 0 {
            if linger > 0 { usleep(linger) }
            continue
        }
        if consumer.arm() { cbenchmark_wait(wake) }
        consumer.disarm()
    }
    let (end, spent) = (cbenchmark_now(), cbenchmark_thread_time() - processor)
    cproducer_join(producer)
    return LatencyResult(latencies, processorTime: spent, wall: end - start)
}

/// The same through bytes under a mutex, with a condition to sleep on.
func mutexLatency(_ records: UInt64) -> LatencyResult? {
    guard let queue = cmutexring_create(UInt64(ringCapacity)) else { return nil }
    defer { cmutexring_destroy(queue) }
    var plan = cproducer_plan(records: records, length: 64, batch: 1, interval_ns: 10_000)
    var latencies: [UInt64] = []
    latencies.reserveCapacity(Int(records))
    var payload = [UInt8](repeating: 0, count: 4096)
    let (start, processor) = (cbenchmark_now(), cbenchmark_thread_time())
    guard let producer = cproducer_start(nil, queue, &plan) else { return nil }
    var time: UInt64 = 0
    while latencies.count < Int(records) {
        guard cmutexring_pop(queue, &payload, &time, true) >= 0 else { continue }
        latencies.append(cbenchmark_now() &- time)
    }
    let (end, spent) = (cbenchmark_now(), cbenchmark_thread_time() - processor)
    cproducer_join(producer)
    return LatencyResult(latencies, processorTime: spent, wall: end - start)
}
