internal import EventModel

/// Decodes a live audit stream: records in, as netlink delivers them, facts out.
package struct AuditStreamDecoder: ~Copyable {
    private var assembler: AuditAssembler
    private var sink: Sink
    package private(set) var malformed: UInt64 = 0
    package var counters: AuditAssembler.Counters { assembler.counters }
    /// Events of the process that is ignored.
    package var ignored: UInt64 { sink.ignored }

    /// - Parameters:
    ///   - ignoredPid: A process whose system calls are dropped unseen: our own.
    ///   - timeout: Nanoseconds that an event without an end is waited for.
    package init(ignoredPid: Int32?, timeout: UInt64 = 2_000_000_000) {
        var limits = AuditAssemblerLimits(timeout: timeout)
        limits.bytes = 4 << 20
        limits.expectsEnd = true
        assembler = AuditAssembler(limits: limits)
        sink = Sink(ignoredPid: ignoredPid)
    }

    /// Takes one message. `readAt` is CLOCK_MONOTONIC nanoseconds and must not go back.
    package mutating func feed(
        type: UInt16, payload: Span<UInt8>, readAt: UInt64, _ emit: (AuditStreamEvent) -> Void
    ) {
        let type = AuditRecordType(type)
        if type == .replace {
            replace(payload, emit)
            return
        }
        // The kernel counts a closing zero byte in, or not, depending on its version.
        var end = payload.count
        while end > 0, payload[end - 1] == 0 || payload[end - 1] == 0x0a { end -= 1 }
        let text = payload.extracting(0..<end)
        do throws(AuditDecodeError) {
            if type == .login { try login(text, readAt: readAt, emit) }
            try assembler.feed(type: type, payload: text, readAt: readAt, into: &sink)
        } catch {
            malformed += 1
        }
        flush(emit)
    }

    /// Gives up events that have waited for their end too long. To be called now and then, also without
    /// input.
    ///
    /// With no event open, serial numbers that have not arrived until now are reported as lost.
    package mutating func expire(now: UInt64, _ emit: (AuditStreamEvent) -> Void) {
        assembler.expire(now: now, into: &sink)
        if assembler.openEvents == 0 { assembler.settle(into: &sink) }
        flush(emit)
    }

    /// Passes on all that is still open.
    package mutating func finish(_ emit: (AuditStreamEvent) -> Void) {
        assembler.finish(into: &sink)
        flush(emit)
    }

    private mutating func flush(_ emit: (AuditStreamEvent) -> Void) {
        guard !sink.events.isEmpty else { return }
        // Nearly always one: moved out, because a copy would retain all of its strings.
        if sink.events.count == 1, let only = sink.events.popLast() {
            emit(only)
            return
        }
        for event in sink.events { emit(event) }
        sink.events.removeAll(keepingCapacity: sink.events.count <= 16)
    }

    /// A login is told at once: its event may have no end that would be waited for.
    private func login(
        _ payload: Span<UInt8>, readAt: UInt64, _ emit: (AuditStreamEvent) -> Void
    ) throws(AuditDecodeError) {
        let header = try AuditRecordHeader.payload(payload, type: .login)
        let record = AuditRecord(
            type: .login, start: 0, body: UInt32(header.body), end: UInt32(payload.count))
        if let login = AuditLogin(record, id: header.id, readAt: readAt, in: payload) {
            emit(.login(login))
        }
    }

    /// The one message that is no text: the process id, as a number of the machine.
    private mutating func replace(_ payload: Span<UInt8>, _ emit: (AuditStreamEvent) -> Void) {
        guard payload.count >= 4 else {
            malformed += 1
            return
        }
        emit(.daemonReplace(pid: payload.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Int32.self)))
    }
}

extension AuditStreamDecoder {
    /// Keeps what one call of the assembler finds.
    private struct Sink: AuditEventConsumer, ~Copyable {
        let ignoredPid: Int32?
        var events: [AuditStreamEvent] = []
        var ignored: UInt64 = 0

        init(ignoredPid: Int32?) { self.ignoredPid = ignoredPid }

        mutating func lost(_ loss: AuditLoss) { events.append(.lost(loss)) }

        mutating func consume(_ event: AuditEvent, records: Span<AuditRecord>, bytes: Span<UInt8>) {
            guard records.count > 0 else { return }
            var subject: AuditRecord?
            var change: AuditConfigurationChange?
            var hasLogin = false
            for index in records.indices {
                switch records[index].type {
                case .syscall, .uringOperation: subject = records[index]
                case .configChange:
                    change = AuditConfigurationChange(records[index], id: event.id, in: bytes)
                case .login: hasLogin = true
                default: break
                }
            }
            if var change {
                change.pid = subject.flatMap { Self.pid($0, bytes) }
                events.append(.configurationChange(change))
            }
            if let ignoredPid, let subject, Self.pid(subject, bytes) == ignoredPid {
                ignored += 1
            } else if let facts = AuditFacts(event, records: records, bytes: bytes) {
                events.append(.facts(facts))
            } else if change == nil, !hasLogin {
                events.append(.other(records[0].type, event.id))
            }
        }

        private static func pid(_ record: AuditRecord, _ bytes: Span<UInt8>) -> Int32? {
            var fields = record.fields
            while let field = fields.next(in: bytes) {
                if field.packedKey(in: bytes) == 0x64_6970 { return field.processID(in: bytes) }
            }
            return nil
        }
    }
}
