/// The events that an assembler holds, in storage that is used again.
///
/// An event is found by its serial number in a table of as many places as may be open; one that needs the place
/// of another pushes it out. A list goes through them from the oldest to the newest.
struct AuditEventPool: ~Copyable {
    private struct Slot {
        var event = AuditEvent(id: AuditRecordID(milliseconds: 0, serial: 0))
        var node: UInt64 = 0
        var bytes: [UInt8] = []
        var records: [AuditRecord] = []
        var older = -1
        var newer = -1
    }

    /// Storage of more than this is given back when its event goes.
    private static let keptBytes = 16 << 10
    /// Storage beyond that of so many events is given back when its event goes.
    private static let keptSlots = 64

    private let limits: AuditAssemblerLimits
    private let mask: Int
    private var places: [Int16]
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var first = -1
    private var last = -1
    private var bytes = 0
    private(set) var count = 0

    init(limits: AuditAssemblerLimits) {
        self.limits = limits
        var size = 1
        while size < min(limits.openEvents, 16_384) { size *= 2 }
        mask = size - 1
        places = [Int16](repeating: -1, count: size)
    }

    var oldest: Int? { first >= 0 ? first : nil }

    func openedAt(_ slot: Int) -> UInt64 { slots[slot].event.firstReadAt }

    func isSystemCall(_ slot: Int) -> Bool {
        slots[slot].records.contains { $0.type == .syscall || $0.type == .uringOperation }
    }

    @inline(__always)
    private func place(_ serial: UInt32, _ node: UInt64) -> Int {
        Int(truncatingIfNeeded: UInt64(serial) &+ node >> 1) & mask
    }

    @inline(__always)
    func find(_ id: AuditRecordID, node: UInt64) -> Int? {
        let slot = Int(places[place(id.serial, node)])
        guard slot >= 0, slots[slot].event.id == id, slots[slot].node == node else { return nil }
        return slot
    }

    /// An event that has to go before one with this serial number may be opened.
    func mustGo(before serial: UInt32, node: UInt64) -> Int? {
        let slot = Int(places[place(serial, node)])
        if slot >= 0 { return slot }
        return bytes > limits.bytes || count > mask ? oldest : nil
    }

    mutating func open(_ header: AuditRecordHeader, node: UInt64, at time: UInt64) -> Int {
        let index: Int
        if let reused = free.popLast() {
            index = reused
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].event = AuditEvent(id: header.id)
        slots[index].event.firstReadAt = time
        slots[index].event.nodeEnd = header.nodeEnd - header.nodeStart
        slots[index].node = node
        slots[index].older = last
        slots[index].newer = -1
        if last >= 0 { slots[last].newer = index } else { first = index }
        last = index
        places[place(header.id.serial, node)] = Int16(truncatingIfNeeded: index)
        count += 1
        return index
    }

    /// Copies a record. `false` when the event is as large as it may be.
    mutating func append(_ record: AuditRecord, of source: Span<UInt8>, to slot: Int, at time: UInt64) -> Bool {
        slots[slot].event.lastReadAt = time
        let size = Int(record.end - record.start)
        guard slots[slot].bytes.count + size <= limits.bytesPerEvent else {
            slots[slot].event.isTruncated = true
            return false
        }
        if slots[slot].records.isEmpty, slots[slot].event.nodeEnd > 0 {
            slots[slot].event.nodeStart = 5
            slots[slot].event.nodeEnd += 5
        }
        let start = UInt32(slots[slot].bytes.count)
        source.extracting(Int(record.start)..<Int(record.end)).withUnsafeBufferPointer {
            slots[slot].bytes.append(contentsOf: $0)
        }
        slots[slot].records.append(
            AuditRecord(
                type: record.type, start: start, body: start + record.body - record.start,
                end: start + record.end - record.start))
        bytes += size
        return true
    }

    /// Hands an event over and makes its place free.
    mutating func close(
        _ slot: Int, isCutShort: Bool, into consumer: inout some AuditEventConsumer & ~Copyable
    ) {
        unlink(slot)
        var event = slots[slot].event
        event.isCutShort = isCutShort
        // Taken out while the consumer reads them, so that nothing is copied when they are used again.
        var records: [AuditRecord] = []
        var text: [UInt8] = []
        swap(&records, &slots[slot].records)
        swap(&text, &slots[slot].bytes)
        bytes -= text.count
        consumer.consume(event, records: records.span, bytes: text.span)
        if slot < Self.keptSlots, text.capacity <= Self.keptBytes {
            records.removeAll(keepingCapacity: true)
            text.removeAll(keepingCapacity: true)
            swap(&records, &slots[slot].records)
            swap(&text, &slots[slot].bytes)
        }
        free.append(slot)
        count -= 1
    }

    private mutating func unlink(_ slot: Int) {
        let older = slots[slot].older
        let newer = slots[slot].newer
        if older >= 0 { slots[older].newer = newer } else { first = newer }
        if newer >= 0 { slots[newer].older = older } else { last = older }
        places[place(slots[slot].event.id.serial, slots[slot].node)] = -1
    }
}
