internal import CRing
internal import Synchronization

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
    private let hasConsumer = Atomic(false)

    /// - Parameters:
    ///   - capacity: bytes, a power of two, at least 64 KiB.
    ///   - wakeDescriptor: eventfd that the producer writes when the consumer sleeps. Stays the caller's.
    ///
    /// `nil` when the capacity is none of these, or the host refuses the memory.
    package init?(capacity: Int, wakeDescriptor: Int32) {
        guard capacity > 0, let ring = cring_create(UInt64(capacity), wakeDescriptor) else { return nil }
        self.ring = ring
    }

    deinit { cring_destroy(ring) }

    /// For the C reader loops, which take the ring as `struct cring *`. Valid while this object lives: who starts
    /// the thread keeps it until the thread has ended.
    package var producerPointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(ring) }

    /// The longest payload that a record may have.
    package var longestRecord: Int { Int(cring_longest(ring)) }

    /// The consumer's end. Traps at the second call: two readers would hand back each other's memory.
    package func makeConsumer() -> RingConsumer {
        let isTaken = hasConsumer.exchange(true, ordering: .relaxed)
        precondition(!isTaken, "a ring has one consumer")
        return RingConsumer(self)
    }
}

/// The reading end of a ring. Move-only: there is one.
package struct RingConsumer: ~Copyable, Sendable {
    private let owner: EventRing
    private var tail: UInt64 = 0

    fileprivate init(_ owner: EventRing) { self.owner = owner }

    /// Calls `body` for up to `limit` records and hands their memory back after each 16 KiB and at the end.
    ///
    /// The payload is valid only during the call. A record at which `body` throws counts as taken: a bad one does
    /// not come back for ever. Returns the number of records.
    package mutating func drain<Failure: Error>(
        limit: Int = .max, _ body: (RingRecordHeader, RawSpan) throws(Failure) -> Void
    ) throws(Failure) -> Int {
        let ring = owner.ring
        let base = UnsafeRawPointer(cring_base(ring))
        let capacity = cring_capacity(ring)
        var available = tail
        var released = tail
        var count = 0
        defer { if tail != released { cring_release(ring, tail) } }
        while count < limit {
            if tail == available {
                available = cring_available(ring)
                if tail == available { break }
            }
            let offset = tail & (capacity &- 1)
            let header = base + Int(truncatingIfNeeded: offset)
            let length = header.load(as: UInt32.self)
            if length == .max {
                // The producer's CRING_SKIP: the record is at the ring's start, and as published as the marker.
                tail &+= capacity &- offset
                continue
            }
            let record = RingRecordHeader(
                kind: header.load(fromByteOffset: 4, as: UInt16.self),
                flags: header.load(fromByteOffset: 6, as: UInt16.self),
                time: header.load(fromByteOffset: 8, as: UInt64.self))
            tail &+= 16 &+ ((UInt64(length) &+ 7) & ~7)
            count &+= 1
            try body(record, RawSpan(_unsafeStart: header + 16, byteCount: Int(length)))
            if tail &- released >= 16_384 {
                cring_release(ring, tail)
                released = tail
            }
        }
        return count
    }

    /// Announces sleep; `false`, and nothing announced, when there is something to drain first.
    ///
    /// After `true` wait for the eventfd, read it and `disarm`. A wake-up too many is possible, one too few is not.
    package func arm() -> Bool { cring_arm(owner.ring, tail) }

    package func disarm() { cring_disarm(owner.ring) }

    /// Whether everything that was committed has been drained.
    package var isEmpty: Bool { cring_available(owner.ring) == tail }

    /// Whether the producer waits for its descriptor: nothing is between the kernel's queue and the ring.
    /// Ask after the kernel's queue and before `isEmpty`: what was committed before it parked is visible then.
    package var producerIsParked: Bool { cring_is_parked(owner.ring) }

    /// Everything that the kernel queued before this moment (CLOCK_MONOTONIC nanoseconds) has been committed.
    /// Ask before a `drain` to the end: what it delivers is then complete up to this moment.
    package var drainedUpTo: UInt64 { cring_drained(owner.ring) }
}
