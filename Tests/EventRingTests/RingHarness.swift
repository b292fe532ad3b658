import CRing
import CRingProducer
import EventRing
import Glibc

/// A ring with an eventfd of its own, and its producer's side for tests of one thread.
final class RingHarness {
    let ring: EventRing
    let wake: Int32

    init?(capacity: Int = 65_536) {
        wake = cringproducer_eventfd()
        guard wake >= 0, let ring = EventRing(capacity: capacity, wakeDescriptor: wake) else { return nil }
        self.ring = ring
    }

    deinit { close(wake) }

    var producer: UnsafeMutablePointer<cring> { ring.producerPointer.assumingMemoryBound(to: cring.self) }

    /// Commits `bytes`, after reserving `more` than they take; `false` when there is no room.
    func push(_ bytes: [UInt8], reserving more: Int = 0, kind: UInt16 = 0, flags: UInt16 = 0, time: UInt64 = 0) -> Bool {
        guard let room = cring_reserve(producer, UInt32(bytes.count + more)) else { return false }
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { room.copyMemory(from: start, byteCount: source.count) }
        }
        cring_commit(producer, UInt32(bytes.count), kind, flags, time)
        return true
    }
}

/// A copy of a payload.
func copy(_ payload: RawSpan) -> [UInt8] { payload.withUnsafeBytes { Array($0) } }

/// A payload of `count` bytes that no other `seed` gives.
func payload(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed &* 17 &+ seed >> 8) }
}
