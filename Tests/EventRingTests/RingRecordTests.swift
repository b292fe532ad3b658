import CRing
import EventRing
import Testing

@Suite struct RingRecordTests {
    @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 300, 4095, 16_384, 32_752])
    func bringsARecordOverWhole(_ count: Int) throws {
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        let sent = payload(count, seed: count)
        #expect(harness.push(sent, kind: 7, flags: 0x8001, time: .max - 1))
        var received: [[UInt8]] = []
        let drained = consumer.drain { header, bytes in
            received.append(copy(bytes))
            #expect(header.kind == 7 && header.flags == 0x8001 && header.time == .max - 1)
        }
        #expect(drained == 1 && received == [sent])
        let isEmpty = consumer.isEmpty
        #expect(isEmpty)
    }

    @Test(arguments: [[1_000, 0, 7, 1_000], [1, 1, 1, 1], [0, 1_000, 1_000, 3]])
    func recordsThatWereReadSideBySideMoveTogetherWhole(_ counts: [Int]) throws {
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        let (room, ring) = (1_016, harness.producer)
        for round in 0..<100 {
            let start = try #require(cring_reserve(ring, UInt32(counts.count * room - 16)))
            let sent = counts.enumerated().map { payload($0.element, seed: round * 4 + $0.offset) }
            for (index, bytes) in sent.enumerated() {
                bytes.withUnsafeBytes { source in
                    guard let base = source.baseAddress else { return }
                    (start + index * room).copyMemory(from: base, byteCount: source.count)
                }
            }
            for (index, bytes) in sent.enumerated() {
                cring_place(ring, start + index * room, UInt32(bytes.count), 5, 0, 1)
            }
            var received: [[UInt8]] = []
            let early = consumer.drain { _, bytes in received.append(copy(bytes)) }
            #expect(early == 0)
            cring_publish(ring)
            let drained = consumer.drain { _, bytes in received.append(copy(bytes)) }
            #expect(drained == counts.count && received == sent)
        }
    }

    @Test func refusesWhenFullAndTakesAgainWhatWasDrained() throws {
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        var sent = 0
        // 64 bytes with its header: the ring is filled to the last byte.
        while harness.push(payload(48, seed: sent)) { sent += 1 }
        #expect(sent == 1024)
        let isEmpty = consumer.isEmpty
        #expect(!isEmpty)
        var received = consumer.drain(limit: 1) { _, _ in }
        #expect(harness.push(payload(48, seed: sent)))
        #expect(!harness.push([]))
        received += consumer.drain { _, bytes in #expect(bytes.byteCount == 48) }
        #expect(received == 1025)
    }

    @Test func takesTheLongestRecordAtEveryOffsetOfAnEmptyRing() throws {
        for offset in stride(from: 16, to: 65_536, by: 8) {
            let harness = try #require(RingHarness())
            var consumer = harness.ring.makeConsumer()
            var left = offset
            while left > 0 {
                // What is left must have room for a header.
                let need = left == 32_776 ? 32_760 : min(left, 32_768)
                _ = cring_reserve(harness.producer, UInt32(need - 16))
                cring_commit(harness.producer, UInt32(need - 16), 0, 0, 0)
                left -= need
            }
            _ = consumer.drain { _, _ in }
            #expect(cring_available(harness.producer) == UInt64(offset))
            #expect(
                cring_reserve(harness.producer, UInt32(harness.ring.longestRecord)) != nil, "at \(offset)")
            cring_commit(harness.producer, UInt32(harness.ring.longestRecord), 9, 0, 0)
            let count = consumer.drain { header, bytes in
                #expect(header.kind == 9 && bytes.byteCount == harness.ring.longestRecord)
            }
            #expect(count == 1)
        }
    }

    @Test func aSmallerRecordTakesThePlaceOfTheMarkerOfAGreaterOneThatWasNotSent() throws {
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        // The end is 64 bytes away.
        while harness.push(payload(48, seed: 0)), cring_available(harness.producer) < 65_536 - 64 {
            _ = consumer.drain { _, _ in }
        }
        _ = consumer.drain { _, _ in }
        #expect(cring_reserve(harness.producer, 1000) != nil)
        #expect(harness.push([1, 2, 3]))
        #expect(cring_available(harness.producer) == 65_536 - 40)
        #expect(harness.push([4], reserving: 1000))
        var received: [[UInt8]] = []
        _ = consumer.drain { _, bytes in received.append(copy(bytes)) }
        #expect(received == [[1, 2, 3], [4]])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func behavesAsAQueueForAnyOrderOfPushesAndDrains(_ seed: UInt64) throws {
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        var random = SplitMix(state: seed)
        var expected: [[UInt8]] = []
        var refusals = 0
        for step in 0..<20_000 {
            if random.next() % 3 != 0 {
                let count = random.next() % 64 == 0 ? Int(random.next() % 32_753) : Int(random.next() % 600)
                let bytes = payload(count, seed: step)
                let more = min(Int(random.next() % 2048), harness.ring.longestRecord - count)
                if harness.push(bytes, reserving: more) { expected.append(bytes) } else { refusals += 1 }
            } else {
                var received: [[UInt8]] = []
                let limit = Int(random.next() % 4)
                let count = consumer.drain(limit: limit) { _, bytes in received.append(copy(bytes)) }
                let isRight =
                    count == min(limit, expected.count) && received.elementsEqual(expected.prefix(count))
                guard isRight else {
                    Issue.record("step \(step): got \(count) of \(limit)")
                    return
                }
                expected.removeFirst(count)
            }
        }
        let rest = consumer.drain { _, _ in }
        #expect(rest == expected.count)
        #expect(refusals > 0)
    }

    @Test func aRecordAtWhichTheBodyThrowsIsTakenAndItsMemoryHandedBack() throws {
        struct Refusal: Error {}
        let harness = try #require(RingHarness())
        var consumer = harness.ring.makeConsumer()
        while harness.push(payload(48, seed: 0)) {}
        var seen = 0
        do {
            _ = try consumer.drain { _, _ throws(Refusal) in
                seen += 1
                if seen == 1024 { throw Refusal() }
            }
            Issue.record("did not throw")
        } catch {}
        let isEmpty = consumer.isEmpty
        #expect(isEmpty)
        var again = 0
        while harness.push(payload(48, seed: 0)) { again += 1 }
        #expect(again == 1024)
    }

    @Test(arguments: [0, -1, 32_768, 65_537, 100_000, .max, .min])
    func isNotMadeOfOtherSizes(_ capacity: Int) {
        #expect(RingHarness(capacity: capacity) == nil)
    }

    @Test func misuseTraps() async {
        await #expect(processExitsWith: .failure) {
            let harness = RingHarness()
            _ = harness?.ring.makeConsumer()
            _ = harness?.ring.makeConsumer()
        }
        await #expect(processExitsWith: .failure) {
            guard let harness = RingHarness() else { return }
            _ = cring_reserve(harness.producer, UInt32(harness.ring.longestRecord) + 1)
        }
        await #expect(processExitsWith: .failure) {
            guard let harness = RingHarness() else { return }
            _ = harness.push([1])
            cring_commit(harness.producer, 1, 0, 0, 0)
        }
    }
}

/// A repeatable source of numbers.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
