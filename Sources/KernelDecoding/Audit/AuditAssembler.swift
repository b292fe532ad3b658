/// One event: what its records have in common. The positions are in the bytes that come with it.
package struct AuditEvent: Sendable {
    package var id: AuditRecordID
    package var nodeStart = 0
    package var nodeEnd = 0
    /// The caller's time of the first and of the last record; 0 for text.
    package var firstReadAt: UInt64 = 0
    package var lastReadAt: UInt64 = 0
    /// Records were left out because the event was larger than the limit.
    package var isTruncated = false
    /// The event was given up for want of room, or because the end that it should have did not come.
    package var isCutShort = false

    init(id: AuditRecordID) { self.id = id }
}

/// Takes what an assembler finds. Called in the middle of feeding, so it must not feed the same assembler.
package protocol AuditEventConsumer: ~Copyable {
    /// One event. `records` are in the order of their arrival; both spans end with the call.
    mutating func consume(_ event: AuditEvent, records: Span<AuditRecord>, bytes: Span<UInt8>)
    /// Serial numbers that did not arrive.
    mutating func lost(_ loss: AuditLoss)
}

/// What an assembler may keep.
package struct AuditAssemblerLimits: Sendable {
    /// An event that has not ended this long after its first record is given up. In the unit of the caller's
    /// time (nanoseconds) for netlink, in milliseconds of the records' own time for text.
    package var timeout: UInt64
    /// Whether events of system calls end with EOE. So it is with netlink; auditd leaves it out of its logs.
    package var expectsEnd = false
    package var openEvents = 1024
    package var bytesPerEvent = 1 << 20
    package var bytes = 8 << 20

    package init(timeout: UInt64) { self.timeout = timeout }
}

/// Puts records together to events by (node, time, serial).
///
/// The records of different events may alternate, the record that ends one (EOE) may be missing, and records may
/// come after their event was given up: then they are an event of their own. A run of text records of
/// one event that is complete is passed on where it stands, without a copy; anything else is copied into storage
/// that is used again and again. Memory is bounded by the limits, whatever the input.
package struct AuditAssembler: ~Copyable {
    /// What happened, for those who report it.
    package struct Counters: Sendable {
        package var records: UInt64 = 0
        package var events: UInt64 = 0
        /// Given up before they were complete.
        package var cutShort: UInt64 = 0
        /// Records left out of events that were larger than the limit.
        package var truncatedRecords: UInt64 = 0
        /// EOE records of events that had been passed on before, or that had no other record.
        package var strayEnds: UInt64 = 0
        /// Serial numbers that did not arrive.
        package var lostSerials: UInt64 = 0
    }

    package private(set) var counters = Counters()
    private var pool: AuditEventPool
    private let limits: AuditAssemblerLimits
    private var windows: [(node: UInt64, window: AuditSerialWindow)] = []

    // The run: records of one event that stand one after the other in the text that is being fed.
    private var run: [AuditRecord]
    private var runCount = 0
    private var runHeader = AuditRecordHeader(type: .unknown)
    private var runNode: UInt64 = 0

    package init(limits: AuditAssemblerLimits) {
        self.limits = limits
        pool = AuditEventPool(limits: limits)
        run = Array(repeating: AuditRecord(type: .unknown, start: 0, body: 0, end: 0), count: 64)
    }

    /// Events whose end has not come.
    package var openEvents: Int { pool.count }

    /// Gives up the events whose first record came `timeout` or longer before `now`.
    package mutating func expire(
        now: UInt64, into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        while let oldest = pool.oldest, pool.openedAt(oldest) <= now,
            now - pool.openedAt(oldest) >= limits.timeout
        {
            pass(oldest, isCutShort: lacksEnd(oldest), into: &consumer)
        }
    }

    /// Passes on all events that are still open, and all losses that are not certain yet.
    package mutating func finish(into consumer: inout some AuditEventConsumer & ~Copyable) {
        while let oldest = pool.oldest {
            pass(oldest, isCutShort: lacksEnd(oldest), into: &consumer)
        }
        settle(into: &consumer)
    }

    /// Decides which serial numbers are missing, without waiting for later ones to arrive.
    package mutating func settle(into consumer: inout some AuditEventConsumer & ~Copyable) {
        for index in windows.indices {
            var losses: [AuditLoss] = []
            windows[index].window.settle { losses.append($0) }
            report(losses, into: &consumer)
        }
    }

    /// Whether an end would have come: netlink has one for each event of a system call, auditd writes none.
    private func lacksEnd(_ slot: Int) -> Bool { limits.expectsEnd && pool.isSystemCall(slot) }

    // MARK: Netlink

    /// Takes one record as netlink delivers it. `readAt` is the caller's time and must not go back.
    package mutating func feed(
        type: AuditRecordType, payload: Span<UInt8>, readAt: UInt64,
        into consumer: inout some AuditEventConsumer & ~Copyable
    ) throws(AuditDecodeError) {
        let header = try AuditRecordHeader.payload(payload, type: type)
        expire(now: readAt, into: &consumer)
        counters.records += 1
        var slot = pool.find(header.id, node: 0)
        if slot == nil {
            note(header.id.serial, node: 0, into: &consumer)
            if type == .endOfEvent {
                counters.strayEnds += 1
                return
            }
            slot = open(header, node: 0, at: readAt, into: &consumer)
        }
        guard let slot else { return }
        let record = AuditRecord(
            type: type, start: 0, body: UInt32(header.body), end: UInt32(payload.count))
        append(record, of: payload, to: slot, at: readAt)
        if type == .endOfEvent || type.isSingle { pass(slot, isCutShort: false, into: &consumer) }
    }

    // MARK: Text

    /// Takes one line, without its line feed. `endRun` must follow before `bytes` goes away.
    @inline(__always)
    mutating func feedLine(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ index: AuditRecordTypeIndex,
        into consumer: inout some AuditEventConsumer & ~Copyable
    ) throws(AuditDecodeError) {
        var header = try AuditRecordHeader.prefix(ofLine: bytes, start, end, index)
        if continuesRun(&header, bytes, end) {
            header.finish(bytes, end: end)
        } else {
            try header.decodeID(bytes, end: end)
            endRun(bytes, into: &consumer)
            beginRun(header, bytes, into: &consumer)
        }
        counters.records &+= 1
        let record = AuditRecord(
            type: header.type, start: UInt32(truncatingIfNeeded: start),
            body: UInt32(truncatingIfNeeded: header.body), end: UInt32(truncatingIfNeeded: end))
        if runCount < run.count { run[runCount] = record } else { run.append(record) }
        runCount &+= 1
    }

    /// Whether a line has the same node, time and serial, byte for byte, as the run's last one.
    @inline(__always)
    private func continuesRun(_ header: inout AuditRecordHeader, _ bytes: Span<UInt8>, _ end: Int) -> Bool {
        guard runCount > 0 else { return false }
        let count = runHeader.idEnd &- runHeader.idStart
        header.idEnd = header.idStart &+ count
        guard header.idEnd < end, bytes[header.idEnd] == UInt8(ascii: ")"),
            isSame(bytes, runHeader.idStart, header.idStart, count)
        else { return false }
        let nodeCount = runHeader.nodeEnd &- runHeader.nodeStart
        return header.nodeEnd &- header.nodeStart == nodeCount
            && isSame(bytes, runHeader.nodeStart, header.nodeStart, nodeCount)
    }

    @inline(__always)
    private func isSame(_ bytes: Span<UInt8>, _ left: Int, _ right: Int, _ count: Int) -> Bool {
        var step = 0
        while step &+ 8 <= count {
            if word(bytes, at: left &+ step) != word(bytes, at: right &+ step) { return false }
            step &+= 8
        }
        while step < count {
            if bytes[left &+ step] != bytes[right &+ step] { return false }
            step &+= 1
        }
        return true
    }

    private mutating func beginRun(
        _ header: AuditRecordHeader, _ bytes: Span<UInt8>,
        into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        runHeader = header
        runNode = header.nodeEnd > header.nodeStart ? hash(bytes, header.nodeStart, header.nodeEnd) : 0
        note(header.id.serial, node: runNode, into: &consumer)
        if pool.count > 0 { expire(now: header.id.milliseconds, into: &consumer) }
    }

    /// Passes the run on where it stands when its event is complete, else keeps a copy.
    @inline(__always)
    mutating func endRun(_ bytes: Span<UInt8>, into consumer: inout some AuditEventConsumer & ~Copyable) {
        guard runCount > 0 else { return }
        let last = run[runCount &- 1]
        if last.type.endsEvent, last.type != .endOfEvent || runCount > 1,
            pool.count == 0 || pool.find(runHeader.id, node: runNode) == nil
        {
            var event = AuditEvent(id: runHeader.id)
            event.nodeStart = runHeader.nodeStart
            event.nodeEnd = runHeader.nodeEnd
            counters.events &+= 1
            consumer.consume(event, records: run.span.extracting(0..<runCount), bytes: bytes)
        } else {
            endBrokenRun(bytes, last: last.type, into: &consumer)
        }
        runCount = 0
    }

    private mutating func endBrokenRun(
        _ bytes: Span<UInt8>, last: AuditRecordType,
        into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        var slot = pool.find(runHeader.id, node: runNode)
        if slot == nil {
            if runCount == 1, last == .endOfEvent {
                counters.strayEnds += 1
                return
            }
            slot = open(runHeader, node: runNode, at: runHeader.id.milliseconds, into: &consumer)
        }
        guard let slot else { return }
        for record in run[..<runCount] { append(record, of: bytes, to: slot, at: 0) }
        if last.endsEvent { pass(slot, isCutShort: false, into: &consumer) }
    }

    // MARK: Open events

    private mutating func open(
        _ header: AuditRecordHeader, node: UInt64, at time: UInt64,
        into consumer: inout some AuditEventConsumer & ~Copyable
    ) -> Int? {
        while let oldest = pool.mustGo(before: header.id.serial, node: node) {
            pass(oldest, isCutShort: true, into: &consumer)
        }
        return pool.open(header, node: node, at: time)
    }

    @inline(__always)
    private mutating func append(_ record: AuditRecord, of bytes: Span<UInt8>, to slot: Int, at time: UInt64) {
        if !pool.append(record, of: bytes, to: slot, at: time) { counters.truncatedRecords += 1 }
    }

    private mutating func pass(
        _ slot: Int, isCutShort: Bool, into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        counters.events += 1
        if isCutShort { counters.cutShort += 1 }
        pool.close(slot, isCutShort: isCutShort, into: &consumer)
    }

    // MARK: Loss

    @inline(__always)
    private mutating func note(
        _ serial: UInt32, node: UInt64, into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        var index = 0
        while index < windows.count, windows[index].node != node { index += 1 }
        if index == windows.count {
            // Nodes beyond these are not checked for missing serials: memory is bounded.
            guard windows.count < 64 else { return }
            windows.append((node, AuditSerialWindow()))
        }
        var losses: [AuditLoss] = []
        windows[index].window.note(serial) { losses.append($0) }
        if !losses.isEmpty { report(losses, into: &consumer) }
    }

    private mutating func report(
        _ losses: [AuditLoss], into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        for loss in losses {
            counters.lostSerials += loss.count
            consumer.lost(loss)
        }
    }

    private func hash(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in start..<end { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
        return hash | 1
    }
}
