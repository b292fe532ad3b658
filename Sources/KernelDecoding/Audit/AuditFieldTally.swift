/// Counts what a log holds, and goes through every field to do so.
///
/// Fields are counted as libauparse presents them: `node=` and `type=` are fields, an AVC's decision and permissions
/// are, several keys in one value are one each; empty values, `msg=audit(…)` inside of `msg='…'`, and what auditd adds
/// for people are none.
package struct AuditFieldTally: AuditEventConsumer, ~Copyable {
    package private(set) var events = 0
    package private(set) var records = 0
    package private(set) var fields = 0
    /// Of names and values as they are written.
    package private(set) var bytes = 0

    package init() {}

    package mutating func lost(_ loss: AuditLoss) {}

    @inline(__always)
    package mutating func consume(_ event: AuditEvent, records span: Span<AuditRecord>, bytes text: Span<UInt8>) {
        events &+= 1
        records &+= span.count
        let node = event.nodeEnd > event.nodeStart ? 2 : 1
        for index in span.indices {
            let record = span[index]
            fields &+= node
            if record.type == .accessVector { countAccessVector(record, text) }
            var cursor = record.fields
            while let field = cursor.next(in: text) {
                bytes &+= field.keyCount &+ field.valueCount
                if field.isQuoted {
                    fields &+= 1
                } else if field.valueCount > 0 {
                    fields &+= 1
                    if field.keyCount == 3 { correct(field, text) }
                }
            }
        }
    }

    private mutating func countAccessVector(_ record: AuditRecord, _ text: Span<UInt8>) {
        if AuditAccessVector(record, in: text) != nil { fields += 2 }
    }

    private mutating func correct(_ field: AuditField, _ text: Span<UInt8>) {
        if field.isKey("key", in: text) {
            countKeys(field, text)
        } else if field.isNested, field.isKey("msg", in: text), text[field.valueStart] == UInt8(ascii: "a") {
            fields -= 1
        }
    }

    private mutating func countKeys(_ field: AuditField, _ text: Span<UInt8>) {
        guard field.isHexadecimal(in: text) else { return }
        var index = field.valueStart
        while index < field.valueEnd {
            if text[index] == UInt8(ascii: "0"), text[index + 1] == UInt8(ascii: "1") { fields += 1 }
            index += 2
        }
    }
}

extension AuditTextDecoder {
    /// Feeds a tally. Not generic, so that the compiler makes one loop of decoding and counting.
    package mutating func feed(_ bytes: Span<UInt8>, tally: inout AuditFieldTally) {
        feed(bytes, into: &tally)
    }
}
