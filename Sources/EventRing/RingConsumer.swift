internal import CRing

/// What stands before a record's payload.
package struct RingRecordHeader: Sendable {
    /// The producer's record kind.
    package let kind: UInt16
    package let flags: UInt16
    /// CLOCK_MONOTONIC nanoseconds when the bytes were read.
    package let time: UInt64
}

/// Owns the memory of one ring. Both ends must be gone before it is released.
///
/// Lock-free single-producer single-consumer ring of byte records; see `cring.h` for the layout and orderings.
package final class EventRing: @unchecked Sendable {
    // The pointer never changes; what it points to is shared by the rules that cring.h states for each field.
    fileprivate let ring: UnsafeMutablePointer<cring>

    /// - Parameters:
    ///   - capacity: bytes, a power of two, at least 64 KiB.
    ///   - wakeDescriptor: eventfd that the producer writes when the consumer sleeps. Stays the caller's.
    package init?(capacity: Int, wakeDescriptor: Int32) {
        guard let ring = cring_create(UInt64(capacity), wakeDescriptor) else { return nil }
        self.ring = ring
    }

    deinit { cring_destroy(ring) }

    /// For the C reader loops, which take the ring as `struct cring *`.
    package var producerPointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(ring) }

    /// The consumer's end. Call once.
    package func makeConsumer() -> RingConsumer { RingConsumer(self) }
}

/// The reading end of a ring. Move-only: there is one.
package struct RingConsumer: ~Copyable, Sendable {
    private let owner: EventRing
    private var tail: UInt64 = 0

    fileprivate init(_ owner: EventRing) { self.owner = owner }

    /// Calls `body` for up to `limit` records and hands their memory back after each 16 KiB and at the end.
    ///
    /// The payload is valid only during the call. Returns the number of records.
    package mutating func drain(
        limit: Int = .max, _ body: (RingRecordHeader, RawSpan) throws -> Void
    ) rethrows -> Int {
        let ring = owner.ring
        let base = UnsafeRawPointer(cring_base(ring))
        let capacity = cring_capacity(ring)
        var available = cring_available(ring)
        var released = tail
        var count = 0
        while count < limit {
            if tail == available {
                available = cring_available(ring)
                if tail == available { break }
            }
            let offset = tail & (capacity &- 1)
            let header = base + Int(truncatingIfNeeded: offset)
            let length = header.load(as: UInt32.self)
            if length == .max {
                tail &+= capacity &- offset
                continue
            }
            let record = RingRecordHeader(
                kind: header.load(fromByteOffset: 4, as: UInt16.self),
                flags: header.load(fromByteOffset: 6, as: UInt16.self),
                time: header.load(fromByteOffset: 8, as: UInt64.self))
            try body(record, RawSpan(_unsafeStart: header + 16, byteCount: Int(length)))
            tail &+= 16 &+ ((UInt64(length) &+ 7) & ~7)
            count += 1
            if tail &- released >= 16_384 {
                cring_release(ring, tail)
                released = tail
            }
        }
        if tail != released { cring_release(ring, tail) }
        return count
    }

    /// Announces sleep; `false` when there is something to drain first. Then wait on the eventfd and `disarm`.
    package func arm() -> Bool { cring_arm(owner.ring, tail) }

    package func disarm() { cring_disarm(owner.ring) }

    /// Whether everything that was committed has been drained.
    package var isEmpty: Bool { cring_available(owner.ring) == tail }

    /// Whether the producer waits for its descriptor: nothing is between the kernel's queue and the ring.
    package var producerIsParked: Bool { cring_is_parked(owner.ring) }

    /// Everything that the kernel queued before this moment (CLOCK_MONOTONIC nanoseconds) has been committed.
    package var drainedUpTo: UInt64 { cring_drained(owner.ring) }
}
