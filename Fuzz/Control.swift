// sources: Sources/EventModel Sources/Reporting Sources/SensorCore/Control/ControlRequest.swift Sources/SensorCore/Control/MetricsRequest.swift
// seeds: Tests/ReportingTests/Fixtures
//
// What comes from clients of the control socket and of the metrics, and what a client reads from a sensor: bytes of
// anybody are a request, or none.

/// Reads the input as each of them, whole and as it grows, and checks that what was understood stays understood.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { span in
        let input = span.indices.map { span[$0] }
        controlRequest(input)
        metricsRequest(input)
        report(input)
    }
}

private func controlRequest(_ input: [UInt8]) {
    let whole = ControlRequest.Received(input)
    for length in prefixes(of: input) {
        let part = ControlRequest.Received(Array(input[..<length]))
        precondition(part == .incomplete || part == whole)
    }
    switch whole {
    case .incomplete: precondition(input.count < ControlRequest.maximumLength)
    case .refused(let refusal): precondition(!refusal.rawValue.isEmpty)
    case .request(let request):
        precondition(input.starts(with: request.line))
        precondition(ControlRequest.Received(request.line) == whole)
    }
}

private func metricsRequest(_ input: [UInt8]) {
    let whole = MetricsRequest(input)
    for length in prefixes(of: input) {
        let part = MetricsRequest(Array(input[..<length]))
        precondition(part == .incomplete || part == whole)
    }
    if whole == .incomplete { precondition(input.count < MetricsRequest.maximumLength) }
    if case .refused(let refusal) = whole { precondition(!MetricsRequest.response(refusal).isEmpty) }
}

/// A report that was read is written, read, shown and exposed without trouble.
private func report(_ input: [UInt8]) {
    guard let json = JSONValue(input), let report = StatusReport(json) else { return }
    guard let again = JSONValue(report.json), let copy = StatusReport(again) else {
        fatalError("not read back")
    }
    precondition(copy == StatusReport(again) && copy.json == report.json)
    let table = StatusTable(report, now: report.time, colour: false).render()
    precondition(table.last == UInt8(ascii: "\n") && !table.contains(0x1b))
    precondition(report.metrics.last == UInt8(ascii: "\n"))
}

/// A few lengths, spread over the input.
private func prefixes(of input: [UInt8]) -> StrideTo<Int> {
    stride(from: 0, to: input.count, by: input.count / 16 + 1)
}
