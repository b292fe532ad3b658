internal import CRing
internal import CRingBenchmark
internal import EventRing
internal import Glibc
internal import Synchronization

/// The ring's size in all runs: that of a source with much to say.
let ringCapacity = 1 << 20

/// Nanoseconds that `records` records of `length` bytes took from a C thread to Swift, through the ring.
func ringRun(_ records: UInt64, of length: UInt32) -> UInt64 {
    let wake = cbenchmark_eventfd()
    defer { close(wake) }
    guard let ring = EventRing(capacity: ringCapacity, wakeDescriptor: wake) else { return 0 }
    var consumer = ring.makeConsumer()
    var plan = cproducer_plan(records: records, length: length, batch: 64, interval_ns: 0)
    let start = cbenchmark_now()
    let pointer = ring.producerPointer.assumingMemoryBound(to: cring.self)
    guard let producer = cproducer_start(pointer, nil, &plan) else { return 0 }
    var received: UInt64 = 0
    var sum: UInt64 = 0
    while received < records {
        let drained = consumer.drain { _, payload in
            sum &+= UInt64(payload.unsafeLoad(fromByteOffset: 0, as: UInt8.self))
        }
        received &+= UInt64(drained)
        if drained > 0 { continue }
        if consumer.arm() { cbenchmark_wait(wake) }
        consumer.disarm()
    }
    cproducer_join(producer)
    check(sum, records)
    return cbenchmark_now() - start
}

/// The same through bytes under a pthread mutex.
func mutexRun(_ records: UInt64, of length: UInt32) -> UInt64 {
    guard let queue = cmutexring_create(UInt64(ringCapacity)) else { return 0 }
    defer { cmutexring_destroy(queue) }
    var plan = cproducer_plan(records: records, length: length, batch: 64, interval_ns: 0)
    let start = cbenchmark_now()
    guard let producer = cproducer_start(nil, queue, &plan) else { return 0 }
    var payload = [UInt8](repeating: 0, count: 4096)
    var (received, sum, time): (UInt64, UInt64, UInt64) = (0, 0, 0)
    while received < records {
        guard cmutexring_pop(queue, &payload, &time, true) >= 0 else { continue }
        sum &+= UInt64(payload[0])
        received &+= 1
    }
    cproducer_join(producer)
    check(sum, records)
    return cbenchmark_now() - start
}

/// The same through arrays under Swift's mutex, all that are there taken at once; the producer is in Swift.
func swiftMutexRun(_ records: UInt64, of length: UInt32) -> UInt64 {
    let queue = SwiftQueue(records: records, length: Int(length))
    let start = cbenchmark_now()
    var thread = pthread_t()
    let created = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<SwiftQueue>.fromOpaque(argument).takeUnretainedValue().produce()
            return nil
        }, Unmanaged.passUnretained(queue).toOpaque())
    guard created == 0 else { return 0 }
    var (received, sum): (UInt64, UInt64) = (0, 0)
    while received < records {
        let batch = queue.waiting.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
        if batch.isEmpty { sched_yield() }
        for payload in batch { sum &+= UInt64(payload[0]) }
        received &+= UInt64(batch.count)
    }
    pthread_join(thread, nil)
    check(sum, records)
    return cbenchmark_now() - start
}

private final class SwiftQueue: Sendable {
    let waiting = Mutex<[[UInt8]]>([])
    let records: UInt64
    let length: Int

    init(records: UInt64, length: Int) {
        self.records = records
        self.length = length
    }

    func produce() {
        for number in 0..<records {
            let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: length)
            while true {
                let fits = waiting.withLock { waiting in
                    guard waiting.count < ringCapacity / length else { return false }
                    waiting.append(payload)
                    return true
                }
                if fits { break }
                sched_yield()
            }
        }
    }
}

/// Every record came, once: the sum of the first bytes is known.
private func check(_ sum: UInt64, _ records: UInt64) {
    let rest = records % 256
    let wanted = records / 256 * (255 * 128) + (rest == 0 ? 0 : rest * (rest - 1) / 2)
    precondition(sum == wanted, "records were lost or changed")
}
