/// Turns audit log text, in pieces of any size, into events.
///
/// A last line that has no line feed is not taken for a record: it may not be written to its end.
package struct AuditTextDecoder: ~Copyable {
    /// Lines longer than this are not records: the kernel's are at most 8970 bytes, auditd may double them.
    package static let longestLine = 64 << 10

    private var assembler: AuditAssembler
    private let index = AuditRecordTypeIndex()
    private var carry: [UInt8] = []
    private var isSkipping = false
    private var errors = [UInt64](repeating: 0, count: AuditDecodeError.allCases.count)
    package private(set) var lines: UInt64 = 0

    package init(limits: AuditAssemblerLimits = AuditTextDecoder.defaultLimits) {
        assembler = AuditAssembler(limits: limits)
    }

    /// Two seconds, as auditd's tools wait, and room for an execve of many thousand arguments.
    package static var defaultLimits: AuditAssemblerLimits {
        var limits = AuditAssemblerLimits(timeout: 2000)
        limits.bytesPerEvent = 32 << 20
        limits.bytes = 64 << 20
        return limits
    }

    package var counters: AuditAssembler.Counters { assembler.counters }

    /// How many lines were no records, by reason.
    package var malformed: [(reason: AuditDecodeError, count: UInt64)] {
        zip(AuditDecodeError.allCases, errors).filter { $0.1 > 0 }.map { (reason: $0.0, count: $0.1) }
    }

    /// Takes the next piece of the text.
    package mutating func feed(
        _ bytes: Span<UInt8>, into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        var start = 0
        if isSkipping || !carry.isEmpty {
            guard let feed = firstLineFeed(bytes, from: 0) else { return keep(bytes, from: 0) }
            keep(bytes.extracting(0..<feed), from: 0)
            finishCarry(into: &consumer)
            start = feed + 1
        }
        while let feed = firstLineFeed(bytes, from: start) {
            line(bytes, start, feed, into: &consumer)
            start = feed + 1
        }
        assembler.endRun(bytes, into: &consumer)
        keep(bytes, from: start)
    }

    /// The end of one file: what stands after its last line feed is dropped, and counted.
    package mutating func endOfFile() {
        if !carry.isEmpty || isSkipping { count(.unfinished) }
        carry.removeAll()
        isSkipping = false
    }

    /// The end of all text: passes on what is still open.
    package mutating func finish(into consumer: inout some AuditEventConsumer & ~Copyable) {
        endOfFile()
        assembler.finish(into: &consumer)
    }

    @inline(__always)
    private mutating func line(
        _ bytes: Span<UInt8>, _ start: Int, _ feed: Int,
        into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        var end = feed
        if end > start, bytes[end &- 1] == 0x0d { end &-= 1 }
        guard end > start else { return }
        lines &+= 1
        guard end &- start <= Self.longestLine else { return count(.tooLong) }
        do throws(AuditDecodeError) {
            try assembler.feedLine(bytes, start, end, index, into: &consumer)
        } catch {
            count(error)
        }
    }

    private mutating func keep(_ bytes: Span<UInt8>, from start: Int) {
        guard !isSkipping else { return }
        guard carry.count + bytes.count - start <= Self.longestLine + 1 else {
            isSkipping = true
            carry.removeAll(keepingCapacity: true)
            return
        }
        bytes.extracting(start..<bytes.count).withUnsafeBufferPointer { carry.append(contentsOf: $0) }
    }

    private mutating func finishCarry(into consumer: inout some AuditEventConsumer & ~Copyable) {
        if isSkipping {
            lines += 1
            count(.tooLong)
        } else {
            var whole: [UInt8] = []
            swap(&whole, &carry)
            line(whole.span, 0, whole.count, into: &consumer)
            assembler.endRun(whole.span, into: &consumer)
            swap(&whole, &carry)
        }
        isSkipping = false
        carry.removeAll(keepingCapacity: true)
    }

    private mutating func count(_ error: AuditDecodeError) {
        if let index = AuditDecodeError.allCases.firstIndex(of: error) { errors[index] += 1 }
    }
}
