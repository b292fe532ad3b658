import Glibc
import KernelDecoding

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager names the program's entry itself, so libFuzzer's own `main` cannot be it.
@main
struct AuditFuzz {
    static func main() {
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(runDriver(&count, &arguments, fuzzAudit))
    }
}

/// Feeds the audit decoders with whatever the fuzzer thinks of: as log text, whole and in pieces, and as a
/// stream of netlink payloads. The first byte chooses. What must hold is checked with traps.
private func fuzzAudit(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    let bytes = UnsafeBufferPointer(rebasing: input[1...])
    if input[0] & 1 == 0 {
        fuzzText(bytes.span, piece: Int(input[0] >> 1) + 1)
    } else {
        fuzzStream(bytes)
    }
    return 0
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
private func fuzzStream(_ bytes: UnsafeBufferPointer<UInt8>) {
    var decoder = AuditStreamDecoder(ignoredPid: 1)
    var at = 0
    var now: UInt64 = 0
    while at + 3 <= bytes.count {
        let type = 1300 + UInt16(bytes[at]) % 40
        let end = min(bytes.count, at + 3 + Int(bytes[at + 2]) * 4)
        let isWhole = bytes[at + 1] & 1 == 0
        now += UInt64(bytes[at + 1]) << 24
        let payload = (isWhole ? [] : Array("audit(1.000:".utf8)) + bytes[(at + 3)..<end]
        decoder.feed(type: type, payload: payload.span, readAt: now) { _ in }
        at = end
    }
    decoder.expire(now: now + 1_000_000_000) { _ in }
    decoder.finish { _ in }
}
