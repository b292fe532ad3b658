/// Writes events as JSON lines. The shape is described in `docs/audit-json.md`.
package struct AuditJSONEncoder: AuditEventConsumer, ~Copyable {
    /// What has been written and not been taken away.
    package var output = JSONByteWriter(capacity: 1 << 20)
    /// Whether each record also gets its text as it stands in the log.
    package let includesRaw: Bool

    var interpreted = JSONByteWriter(capacity: 1 << 14)
    var names = AuditJSONNames()
    /// Of the record that is being written; for `syscall=`.
    var architecture: AuditArchitecture?
    var capabilities = AuditJSONCapabilities()
    private var clock = AuditJSONClock()

    package init(includesRaw: Bool = false) { self.includesRaw = includesRaw }

    package mutating func lost(_ loss: AuditLoss) {
        output.raw(#"{"gap":{"first":"#)
        output.number(UInt64(loss.first))
        output.raw(#","last":"#)
        output.number(UInt64(loss.last))
        output.raw(#","count":"#)
        output.number(loss.count)
        output.raw("}}\n")
    }

    @inline(__always)
    package mutating func consume(_ event: AuditEvent, records: Span<AuditRecord>, bytes: Span<UInt8>) {
        output.raw(#"{"time":""#)
        clock.write(event.id.milliseconds, to: &output)
        output.raw(#"","serial":"#)
        output.number(UInt64(event.id.serial))
        if event.nodeEnd > event.nodeStart {
            output.raw(#","node":""#)
            output.escaped(bytes, event.nodeStart, event.nodeEnd)
            output.byte("\"")
        }
        if event.isCutShort { output.raw(#","cut_short":true"#) }
        if event.isTruncated { output.raw(#","truncated":true"#) }
        output.raw(#","records":["#)
        var hasArguments = false
        for index in records.indices {
            if index > 0 { output.byte(",") }
            if records[index].type == .execve { hasArguments = true }
            write(records[index], bytes)
        }
        output.byte("]")
        if hasArguments { writeArguments(records, bytes) }
        output.raw("}\n")
    }

    private mutating func writeArguments(_ records: Span<AuditRecord>, _ bytes: Span<UInt8>) {
        var arguments = AuditArguments()
        for index in records.indices where records[index].type == .execve {
            arguments.add(records[index], in: bytes)
        }
        output.raw(#","argv":"#)
        output.strings(arguments.values)
        if !arguments.isComplete { output.raw(#","argv_incomplete":true"#) }
    }

    @inline(__always)
    private mutating func write(_ record: AuditRecord, _ bytes: Span<UInt8>) {
        output.raw(#"{"type":""#)
        writeType(record, bytes)
        output.raw("\"")
        if record.type == .accessVector || record.type == .userAVC { writeAccessVector(record, bytes) }
        output.raw(#","fields":{"#)
        interpreted.removeAll()
        architecture = nil
        let enriched = writeFields(record, bytes)
        output.byte("}")
        if interpreted.count > 0 {
            output.raw(#","interpreted":{"#)
            output.append(interpreted)
            output.byte("}")
        }
        if let enriched { writeEnriched(enriched, Int(record.end), bytes) }
        if includesRaw {
            output.raw(#","raw":""#)
            output.escaped(bytes, Int(record.start), Int(record.end))
            output.byte("\"")
        }
        output.byte("}")
    }

    /// Writes all fields; returns where the enriched part begins.
    @inline(__always)
    private mutating func writeFields(_ record: AuditRecord, _ bytes: Span<UInt8>) -> Int? {
        var fields = record.fields
        var isFirst = true
        var isNested = false
        names.begin()
        while let field = fields.next(in: bytes) {
            if field.isNested != isNested {
                output.raw(isFirst ? #""msg":{"# : #","msg":{"#)
                isNested = true
                isFirst = true
                names.begin()
            }
            if !isFirst { output.byte(",") }
            isFirst = false
            let packed = field.packedKey(in: bytes)
            guard let occurrence = names.note(field, packed, bytes) else {
                output.raw(#""rest":""#)
                output.escaped(bytes, field.keyStart, Int(record.end))
                output.byte("\"")
                break
            }
            output.pair(field, occurrence, bytes)
            interpret(field, packed, record.type, bytes)
        }
        if isNested { output.byte("}") }
        return fields.enrichedStart
    }

    private mutating func writeEnriched(_ start: Int, _ end: Int, _ bytes: Span<UInt8>) {
        var fields = AuditFieldCursor(position: start, end: end)
        var isFirst = true
        names.begin()
        output.raw(#","enriched":{"#)
        while let field = fields.next(in: bytes) {
            // `SADDR={ saddr_fam=… }`: what stands between the braces is enough.
            if field.isValue("{", in: bytes) { continue }
            guard names.note(field, field.packedKey(in: bytes), bytes) == 1 else { continue }
            if !isFirst { output.byte(",") }
            isFirst = false
            output.pair(field, 1, bytes)
        }
        output.byte("}")
    }

    private mutating func writeAccessVector(_ record: AuditRecord, _ bytes: Span<UInt8>) {
        guard let vector = AuditAccessVector(record, in: bytes) else { return }
        output.raw(vector.isDenied ? #","decision":"denied","permissions":[""# : #","decision":"granted","permissions":[""#)
        var start = vector.permissionsStart
        while start < vector.permissionsEnd {
            let stop = firstBlank(bytes, start, vector.permissionsEnd)
            if start > vector.permissionsStart { output.raw("\",\"") }
            output.escaped(bytes, start, stop)
            start = stop + 1
        }
        output.raw("\"]")
    }

    private mutating func writeType(_ record: AuditRecord, _ bytes: Span<UInt8>) {
        let names = AuditRecordType.names
        if let entry = names.entry(UInt32(record.type.rawValue)) {
            output.escaped(names.bytes.span, Int(entry.start), Int(entry.start + entry.count))
            return
        }
        if record.type != .unknown {
            output.raw("UNKNOWN[")
            output.number(UInt64(record.type.rawValue))
            output.byte("]")
            return
        }
        // A name that is in no table: as it stands in the line.
        let body = Int(record.body)
        var start = Int(record.start)
        while start < body, !hasPrefix("type=", bytes, at: start, end: body) { start += 1 }
        start = min(start + 5, body)
        output.escaped(bytes, start, firstBlank(bytes, start, body))
    }
}

/// The text of the set of capabilities that was written last.
struct AuditJSONCapabilities: ~Copyable {
    var set: UInt64 = 0
    var text = JSONByteWriter(capacity: 4096)
}

extension AuditTextDecoder {
    /// Feeds an encoder. Not generic, so that the compiler makes one loop of decoding and writing.
    package mutating func feed(_ bytes: Span<UInt8>, json: inout AuditJSONEncoder) {
        feed(bytes, into: &json)
    }

    /// The end of all text: passes on what is still open.
    package mutating func finish(json: inout AuditJSONEncoder) { finish(into: &json) }
}
