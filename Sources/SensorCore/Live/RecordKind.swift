internal import EventRing

/// What a ring record holds. The corresponding C definition is `enum cproc_record_kind` in `cproc.h`.
enum RecordKind: UInt16 {
    case fanotify = 1
    case snapshot = 2
    case processEvents = 3
    case taskstats = 4
    case audit = 5
    case inotify = 6
    /// The socket dropped events before this one.
    case overrun = 7
    /// The reader has ended; the payload is the errno.
    case failed = 8
}

extension RingRecordHeader {
    var recordKind: RecordKind? { RecordKind(rawValue: kind) }
}

extension RawSpan {
    /// How many events an `overrun` record stands for; `nil` when the kernel did not say.
    var lostCount: UInt64? {
        guard byteCount >= 4 else { return nil }
        let count = unsafeLoadUnaligned(fromByteOffset: 0, as: Int32.self)
        return count > 0 ? UInt64(count) : nil
    }

    /// The errno of a `failed` record.
    var failureCode: Int32 {
        byteCount >= 4 ? unsafeLoadUnaligned(fromByteOffset: 0, as: Int32.self) : 0
    }
}
