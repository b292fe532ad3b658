// sources: Sources/EventModel Sources/KernelDecoding
// seeds: Tests/KernelDecodingTests/Fixtures
// shims: CScan
//
// The audit decoders, as log text, whole and in pieces, and as a stream of netlink payloads. A first byte that is
// ASCII chooses text.

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        guard input.count > 1 else { return }
        if input[0] < 0x80 {
            fuzzText(input, piece: input.count % 64 + 1)
        } else {
            fuzzStream(input.extracting(1..<input.count))
        }
    }
}

private func limits() -> AuditAssemblerLimits {
    var limits = AuditAssemblerLimits(timeout: 2000)
    limits.openEvents = 8
    limits.bytesPerEvent = 4096
    limits.bytes = 16_384
    return limits
}

/// The same records whether the text comes whole or in pieces, and every record in some event.
private func fuzzText(_ text: Span<UInt8>, piece: Int) {
    var whole = AuditTextDecoder(limits: limits())
    var encoder = AuditJSONEncoder(includesRaw: true)
    whole.feed(text, json: &encoder)
    whole.finish(json: &encoder)
    // Each byte may be shown raw, as a field, and interpreted, at six bytes each; each record has a frame.
    precondition(encoder.output.count <= text.count * 64 + 4096 * (Int(whole.lines) + 1))

    var pieces = AuditTextDecoder(limits: limits())
    var tally = AuditFieldTally()
    var at = 0
    while at < text.count {
        let end = min(text.count, at + piece)
        pieces.feed(text.extracting(at..<end), tally: &tally)
        at = end
    }
    pieces.finish(tally: &tally)
    precondition(pieces.lines == whole.lines && pieces.counters.records == whole.counters.records)
    precondition(
        UInt64(tally.records) + pieces.counters.truncatedRecords + pieces.counters.strayEnds
            == pieces.counters.records)
}

/// Messages: two bytes of type, one of length, the payload after `audit(1.0:`.
private func fuzzStream(_ bytes: Span<UInt8>) {
    var decoder = AuditStreamDecoder(ignoredPid: 1)
    var at = 0
    var now: UInt64 = 0
    while at + 3 <= bytes.count {
        let type = 1300 + UInt16(bytes[at]) % 40
        let end = min(bytes.count, at + 3 + Int(bytes[at + 2]) * 4)
        now += UInt64(bytes[at + 1]) << 24
        var payload = bytes[at + 1] & 1 == 0 ? [] : Array("audit(1.000:".utf8)
        for index in at + 3..<end { payload.append(bytes[index]) }
        decoder.feed(type: type, payload: payload.span, readAt: now) { _ in }
        at = end
    }
    decoder.expire(now: now + 1_000_000_000) { _ in }
    decoder.finish { _ in }
}
