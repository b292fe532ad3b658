internal import EventModel

/// What the kernel's audit says of itself.
///
/// The corresponding kernel definition is `struct audit_status` in `linux/audit.h`.
package struct AuditStatus: Equatable, Sendable {
    /// 0 off, 1 on, 2 on and locked until reboot.
    package var enabled: UInt32
    package var failure: UInt32
    /// The registered daemon, 0 for none.
    package var pid: Int32
    package var rateLimit: UInt32
    package var backlogLimit: UInt32
    /// Messages that the kernel dropped since boot.
    package var lost: UInt32
    package var backlog: UInt32
    /// Jiffies that a process waits for room in the backlog; 0 never blocks.
    package var backlogWaitTime: UInt32

    package var isImmutable: Bool { enabled == 2 }

    static let size = 40

    /// Messages dropped since `earlier`; 0 when the counter was set back.
    func lost(since earlier: AuditStatus) -> UInt32 {
        let difference = lost &- earlier.lost
        return difference > 1 << 31 ? 0 : difference
    }

    init?(_ payload: RawSpan) {
        guard payload.byteCount >= AuditStatus.size else { return nil }
        func word(_ index: Int) -> UInt32 {
            payload.unsafeLoadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        }
        enabled = word(1)
        failure = word(2)
        pid = Int32(truncatingIfNeeded: word(3))
        rateLimit = word(4)
        backlogLimit = word(5)
        lost = word(6)
        backlog = word(7)
        backlogWaitTime = word(9)
    }

    /// One value to be set.
    enum Setting: Equatable {
        case enabled(UInt32)
        case pid(Int32)
        case backlogLimit(UInt32)
        case backlogWaitTime(UInt32)

        /// The request's payload: the mask of what is set, and the value in its place.
        var payload: [UInt8] {
            var words = [UInt32](repeating: 0, count: AuditStatus.size / 4 + 1)
            switch self {
            case .enabled(let value): (words[0], words[1]) = (0x1, value)
            case .pid(let value): (words[0], words[3]) = (0x4, UInt32(bitPattern: value))
            case .backlogLimit(let value): (words[0], words[5]) = (0x10, value)
            case .backlogWaitTime(let value): (words[0], words[9]) = (0x20, value)
            }
            return words.withUnsafeBytes { Array($0) }
        }
    }
}
