/// Serial numbers that did not arrive, from `first` to `last`.
package struct AuditLoss: Equatable, Sendable {
    package var first: UInt32
    package var last: UInt32

    /// How many they are.
    package var count: UInt64 { UInt64(last &- first) + 1 }
}

/// Finds the serial numbers that are missing among those of one node.
///
/// The kernel counts events with one counter, but their records come out of order: an event takes its number
/// early and is written when the system call ends. So a number counts as missing only when one has been
/// seen that is `horizon` further on. All arithmetic is modulo 2^32: the counter rolls over.
struct AuditSerialWindow: Sendable {
    static let horizon: UInt32 = 1024

    /// All before it are decided.
    private var base: UInt32 = 0
    /// One more than the highest seen.
    private var next: UInt32 = 0
    private var isStarted = false
    private var seen = [UInt64](repeating: 0, count: Int(horizon / 64))
    private var pending: AuditLoss?

    /// Notes that `serial` has arrived; calls `lost` with each range that is now known to be missing.
    mutating func note(_ serial: UInt32, _ lost: (AuditLoss) -> Void) {
        guard isStarted else { return start(at: serial) }
        let ahead = Int32(bitPattern: serial &- base)
        if ahead < 0 {
            // A record that comes very late, or a counter that began anew: the host has restarted.
            if ahead < -Int32(Self.horizon) { start(at: serial) }
            return
        }
        if UInt32(ahead) >= Self.horizon { advance(to: serial &- Self.horizon &+ 1, lost) }
        seen[Int(serial % Self.horizon / 64)] |= 1 << UInt64(serial % 64)
        if Int32(bitPattern: serial &- next) >= 0 { next = serial &+ 1 }
    }

    /// Decides about all numbers up to the highest seen.
    mutating func settle(_ lost: (AuditLoss) -> Void) {
        guard isStarted else { return }
        advance(to: next, lost)
        if let pending { lost(pending) }
        pending = nil
    }

    private mutating func start(at serial: UInt32) {
        isStarted = true
        base = serial &+ 1
        next = base
        for index in seen.indices { seen[index] = 0 }
    }

    private mutating func advance(to target: UInt32, _ lost: (AuditLoss) -> Void) {
        while base != target {
            if Int32(bitPattern: base &- next) >= 0 {
                miss(base, target &- 1, lost)
                base = target
                return
            }
            let bit = UInt64(1) << UInt64(base % 64)
            let index = Int(base % Self.horizon / 64)
            if seen[index] & bit == 0 {
                miss(base, base, lost)
            } else {
                seen[index] &= ~bit
                if let pending { lost(pending) }
                pending = nil
            }
            base &+= 1
        }
    }

    private mutating func miss(_ first: UInt32, _ last: UInt32, _ lost: (AuditLoss) -> Void) {
        if let previous = pending {
            if previous.last &+ 1 == first {
                pending = AuditLoss(first: previous.first, last: last)
                return
            }
            lost(previous)
        }
        pending = AuditLoss(first: first, last: last)
    }
}
