internal import EventModel
internal import EventRing
internal import KernelDecoding
internal import KernelSources

/// The consumer's side of audit: records from the ring become facts. One thread owns it.
final class AuditIntake {
    let session: AuditSession
    private var consumer: RingConsumer
    private var decoder = AuditStreamDecoder(ignoredPid: nil)
    /// What the process table learns from, in the order of the stream.
    enum Item {
        case facts(AuditFacts)
        case login(AuditLogin)
    }

    /// What the last `collect` found; the memory is used again.
    private(set) var items: [Item] = []
    private(set) var losses: [AuditLoss] = []
    private(set) var overruns: [UInt64] = []
    /// CLOCK_MONOTONIC nanoseconds of the newest record of the last `collect`; 0 when it found none.
    private(set) var newest: UInt64 = 0
    private(set) var failure: Int32?
    /// The last `collect` found a change of audit's settings or rules. It is logged before it is made, and made
    /// before the kernel answers the next request.
    private(set) var isReconfigured = false
    var undecodable: UInt64 { decoder.malformed }

    init(session: AuditSession, consumer: consuming RingConsumer) {
        self.session = session
        self.consumer = consumer
    }

    /// Drains the ring. Returns the number of records.
    func collect() -> Int {
        items.removeAll(keepingCapacity: true)
        losses.removeAll(keepingCapacity: true)
        overruns.removeAll(keepingCapacity: true)
        newest = 0
        isReconfigured = false
        // Few at a time: in a flood of records what happened to files comes first.
        return consumer.drain(limit: 1_024) { header, payload in
            newest = header.time
            switch header.recordKind {
            case .audit: decode(payload, readAt: header.time)
            case .overrun: overruns.append(header.time)
            case .failed: failure = payload.failureCode
            default: break
            }
        }
    }

    /// CLOCK_MONOTONIC nanoseconds: every record that the kernel had queued by then has been collected. `now` is the
    /// time before the last `collect`.
    func drainedUpTo(now: UInt64) -> UInt64 {
        // In this order: see `ConnectorIntake`.
        let isIdle = session.isIdle && consumer.producerIsParked
        let drained = consumer.drainedUpTo
        guard consumer.isEmpty else { return 0 }
        return isIdle ? now : drained
    }

    /// Gives up on events whose end does not come. `now` is CLOCK_MONOTONIC nanoseconds.
    func expire(now: UInt64) {
        decoder.expire(now: now) { take($0) }
    }

    private func decode(_ datagram: RawSpan, readAt: UInt64) {
        // nlmsg_len is not to be trusted: older kernels leave the header out of it.
        guard datagram.byteCount > 16 else { return }
        let type = datagram.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt16.self)
        if AuditRecordType(rawValue: type) == .configChange { isReconfigured = true }
        let text = Span<UInt8>(_bytes: datagram.extracting(16..<datagram.byteCount))
        decoder.feed(type: type, payload: text, readAt: readAt) { take($0) }
    }

    private func take(_ event: AuditStreamEvent) {
        switch event {
        case .facts(let found): items.append(.facts(found))
        case .login(let login): items.append(.login(login))
        case .daemonReplace: session.yield()
        case .lost(let loss): losses.append(loss)
        case .configurationChange, .other: break
        }
    }

    /// Whether nothing waits anywhere.
    var isDrained: Bool {
        session.isIdle && consumer.producerIsParked && consumer.isEmpty && !session.hasBacklog
    }

    func arm() -> Bool { consumer.arm() }
    func disarm() { consumer.disarm() }
}
