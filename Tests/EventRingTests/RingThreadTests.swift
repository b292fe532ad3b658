import CRing
import CRingProducer
import EventRing
import Glibc
import Testing

/// `VEDETTE_RING_RECORDS` sets how much the tests with two threads send: for sanitizers and long runs.
private func volume(debug: UInt64, release: UInt64) -> UInt64 {
    if let text = getenv("VEDETTE_RING_RECORDS"), let records = UInt64(String(cString: text)) {
        return records
    }
    #if DEBUG
        return debug
    #else
        return release
    #endif
}

/// How a consumer of `count` records fared.
private struct Outcome {
    var received: UInt64 = 0
    var wrong: UInt64 = 0
    var sleeps: UInt64 = 0
    var lostWakeUps: UInt64 = 0
}

/// Drains until `records` have come, sleeping on the eventfd whenever the ring is empty.
private func consume(_ records: UInt64, from harness: RingHarness, limit: Int) -> Outcome {
    var consumer = harness.ring.makeConsumer()
    var outcome = Outcome()
    while outcome.received < records {
        let drained = consumer.drain(limit: limit) { header, bytes in
            let isRight = bytes.withUnsafeBytes { payload in
                guard let start = payload.baseAddress else { return false }
                return cringproducer_is_right(
                    outcome.received, start, UInt64(payload.count), header.kind, header.flags, header.time)
            }
            if !isRight { outcome.wrong += 1 }
            outcome.received += 1
        }
        if drained > 0 { continue }
        if consumer.arm() {
            outcome.sleeps += 1
            let woken = cringproducer_wait(harness.wake, 3_000)
            // Nobody writes the eventfd without a record, and nobody commits without a wake-up soon after.
            if woken == 0, !consumer.isEmpty { outcome.lostWakeUps += 1 }
        }
        consumer.disarm()
    }
    return outcome
}

@Suite(.serialized) struct RingThreadTests {
    @Test(arguments: [65_536, 1 << 20], [1, 64, Int.max])
    func everyRecordComesOnceInOrderAndWhole(_ capacity: Int, _ limit: Int) throws {
        let harness = try #require(RingHarness(capacity: capacity))
        let records = volume(debug: 100_000, release: 10_000_000)
        var plan = cringproducer_plan(
            records: records, smallest: 8, largest: 700, batch: 100, spin: 0, with_giants: true,
            in_turns: false,
            seed: UInt64(limit))
        let producer = try #require(cringproducer_start(harness.producer, &plan))
        let outcome = consume(records, from: harness, limit: limit)
        let stalls = cringproducer_join(producer)
        #expect(outcome.received == records && outcome.wrong == 0 && outcome.lostWakeUps == 0)
        print(
            "ring of \(capacity), drains of \(limit): \(records) records, \(stalls) stalls, \(outcome.sleeps) sleeps"
        )
    }

    @Test(arguments: [60, 100, 150] as [UInt32])
    func noWakeUpIsLostHoweverOftenTheConsumerSleeps(_ spin: UInt32) throws {
        let harness = try #require(RingHarness())
        let records = volume(debug: 50_000, release: 500_000)
        var plan = cringproducer_plan(
            records: records, smallest: 8, largest: 8, batch: 1, spin: spin, with_giants: false,
            in_turns: true,
            seed: UInt64(spin))
        let producer = try #require(cringproducer_start(harness.producer, &plan))
        let outcome = consume(records, from: harness, limit: .max)
        _ = cringproducer_join(producer)
        #expect(outcome.lostWakeUps == 0 && outcome.wrong == 0)
        #expect(outcome.sleeps > 0)
        print("at most \(spin) turns apart: \(records) records, \(outcome.sleeps) sleeps")
    }

    @Test func theEventIsWrittenOnlyForAConsumerThatSleeps() throws {
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        #expect(harness.push([1]))
        cring_wake(harness.producer)
        #expect(cringproducer_wait(harness.wake, 0) == 0)
        let armedOverRecord = consumer.arm()
        #expect(!armedOverRecord)
        _ = consumer.drain { _, _ in }
        let armed = consumer.arm()
        #expect(armed)
        #expect(harness.push([2]) && harness.push([3]))
        cring_wake(harness.producer)
        cring_wake(harness.producer)
        #expect(cringproducer_wait(harness.wake, 0) == 1)
        consumer.disarm()
        cring_wake(harness.producer)
        #expect(cringproducer_wait(harness.wake, 0) == 0)
    }

    @Test func tellsWhereTheProducerStands() throws {
        let harness = try #require(RingHarness())
        let consumer = harness.ring.makeConsumer()
        cring_set_parked(harness.producer, true)
        cring_set_drained(harness.producer, 42)
        let (parked, drained) = (consumer.producerIsParked, consumer.drainedUpTo)
        #expect(parked && drained == 42)
        cring_set_parked(harness.producer, false)
        let stillParked = consumer.producerIsParked
        #expect(!stillParked)
    }
}
