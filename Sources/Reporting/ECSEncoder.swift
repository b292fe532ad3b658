package import EventModel

/// Writes each event as one line of JSON in the names of the Elastic Common Schema 8.
///
/// What leaves here is described by `docs/schema/event.schema.json`; a test holds the two together. Absent means
/// not known. The bytes of a text that is not UTF-8 are in hexadecimal beside it: those of `x.y` in `vedette.x.y_bytes`.
package struct ECSEncoder: ~Copyable {
    private var writer = ByteWriter()
    private var names: NameTable
    private let bootTime: UInt64?
    /// The number of lines so far: the `event.sequence` of the last one.
    package private(set) var sequence: UInt64 = 0

    /// - Parameter bootTime: nanoseconds since 1970 (CLOCK_REALTIME) when CLOCK_BOOTTIME was zero, for
    ///   `process.start`; without it that field is absent.
    package init(names: NameTable = NameTable(), bootTime: UInt64? = nil) {
        self.names = names
        self.bootTime = bootTime
    }

    /// Uses `names` from the next event on.
    package mutating func use(_ names: NameTable) { self.names = names }

    /// Encodes `event`; `withLine` has it until the next call.
    package mutating func encode(_ event: SensorEvent) {
        sequence += 1
        writer.reset()
        let context = ECSContext(names: names, bootTime: bootTime, sequence: sequence)
        writer.root { writer in
            switch event {
            case .change(let change): writer.write(change, context)
            case .gap(let gap): writer.write(gap, context)
            case .coverage(let entry, let previous, let time):
                writer.write(entry, previous: previous, time: time, context)
            case .scan(let report): writer.write(report, context)
            case .refused(let access): writer.write(access, context)
            }
        }
        writer.append(UInt8(ascii: "\n"))
    }

    /// The line of the last `encode`, with its newline; valid only during the call.
    package func withLine<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try writer.withBytes(body)
    }

    /// A copy of the line of the last `encode`, with its newline.
    package var line: [UInt8] { writer.copy }
}

/// What every part of a line may need.
struct ECSContext {
    let names: NameTable
    let bootTime: UInt64?
    let sequence: UInt64

    /// The moment of a CLOCK_BOOTTIME reading, in nanoseconds since 1970.
    func moment(sinceBoot start: UInt64?) -> UInt64? {
        guard let start, let bootTime else { return nil }
        return bootTime &+ start
    }
}

extension ByteWriter {
    /// Writes `@timestamp` and `ecs`, which start every line.
    mutating func head(time: UInt64) {
        field("@timestamp", timestamp: time)
        object("ecs") { $0.field("version", literal: "8.17.0") }
    }

    mutating func write(_ change: FileChange, _ context: ECSContext) {
        head(time: change.time)
        object("event") { writer in
            writer.field("kind", literal: "event")
            writer.array("category") { $0.element(literal: "file") }
            writer.array("type") { $0.types(of: change.kind) }
            writer.field("action", change.kind.rawValue)
            writer.field("module", literal: "vedette")
            writer.field("dataset", literal: "vedette.file")
            writer.field("provider", change.source.rawValue)
            writer.field("sequence", context.sequence)
            if let severity = change.severity { writer.field("severity", severity.score) }
        }
        message(of: change)
        if !change.tags.isEmpty {
            array("tags") { writer in
                for tag in change.tags { writer.element(ByteString(tag)) }
            }
        }
        object("file") { $0.file(change, context) }
        packageFields(change.package)
        let process = change.attribution?.process
        if let attribution = change.attribution {
            object("process") { writer in
                writer.process(attribution.process, context)
                writer.parent(of: attribution, context)
            }
            object("user") { $0.user(attribution.process.credentials.value, context) }
            object("group") { $0.group(attribution.process.credentials.value?.group, context) }
            container(attribution.process.container.value)
        }
        object("vedette") { writer in
            writer.field("source", change.source.rawValue)
            if let severity = change.severity { writer.field("severity", severity.rawValue) }
            writer.field("also_changed_attributes", change.alsoChangedAttributes)
            writer.field("overwrote_target", change.overwroteTarget)
            writer.object("file") { $0.ownFileFields(change) }
            writer.scratch(change.scratchPaths)
            writer.comparison(change)
            writer.packageVerdict(change.package, context)
            if let attribution = change.attribution { writer.who(attribution, context) }
            writer.provenance(of: process ?? ProcessIdentity(pid: 0))
        }
    }

    private mutating func types(of kind: ChangeKind) {
        switch kind {
        case .created, .linked: element(literal: "creation")
        case .modified, .attributes, .renamed, .replaced: element(literal: "change")
        case .deleted: element(literal: "deletion")
        case .transient:
            element(literal: "creation")
            element(literal: "deletion")
        }
    }

    /// `replaced /etc/passwd by vipw`
    private mutating func message(of change: FileChange) {
        write(key: "message")
        append(UInt8(ascii: "\""))
        append(change.kind.rawValue.utf8.span)
        append(UInt8(ascii: " "))
        if change.kind == .renamed, let previous = change.previousPath {
            escape(previous.bytes.span)
            append(" to ")
        }
        escape(change.path.bytes.span)
        if let program = change.attribution?.process.program {
            append(" by ")
            escape(program.bytes.span)
        }
        append(UInt8(ascii: "\""))
    }

    mutating func write(_ gap: Gap, _ context: ECSContext) {
        head(time: gap.to)
        object("event") { writer in
            writer.field("kind", literal: "event")
            writer.array("category") { $0.element(literal: "host") }
            writer.array("type") { $0.element(literal: "info") }
            writer.field("action", literal: "gap")
            writer.field("module", literal: "vedette")
            writer.field("dataset", literal: "vedette.gap")
            writer.field("provider", gap.source)
            writer.field("sequence", context.sequence)
            writer.field("start", timestamp: gap.from)
            writer.field("end", timestamp: gap.to)
        }
        field("message", "events of \(gap.source) were lost: \(gap.cause.rawValue)")
        object("vedette") { writer in
            writer.object("gap") { writer in
                writer.field("source", gap.source)
                writer.field("cause", gap.cause.rawValue)
                if let count = gap.count { writer.field("count", count) }
                writer.field("from", timestamp: gap.from)
                writer.field("to", timestamp: gap.to)
            }
        }
    }

    mutating func write(
        _ entry: CoverageEntry, previous: CoverageState?, time: UInt64, _ context: ECSContext
    ) {
        head(time: time)
        object("event") { writer in
            writer.field("kind", literal: "state")
            writer.array("category") { $0.element(literal: "host") }
            writer.array("type") { $0.element(literal: previous == nil ? "info" : "change") }
            writer.field("action", literal: "coverage")
            writer.field("module", literal: "vedette")
            writer.field("dataset", literal: "vedette.coverage")
            writer.field("provider", entry.source)
            writer.field("sequence", context.sequence)
        }
        field(
            "message",
            "\(entry.source) is \(entry.state.label)" + (entry.state.reason.map { ": \($0)" } ?? ""))
        object("vedette") { writer in
            writer.object("coverage") { writer in
                writer.field("source", entry.source)
                writer.state(entry.state)
                if !entry.detail.isEmpty { writer.field("detail", entry.detail) }
                if !entry.advice.isEmpty { writer.field("advice", entry.advice) }
                if let previous { writer.object("previous") { $0.state(previous) } }
            }
        }
    }

    private mutating func state(_ state: CoverageState) {
        field("state", state.label)
        if let reason = state.reason { field("reason", reason) }
    }
}
