internal import EventModel

extension ByteWriter {
    /// An attempt at the control socket that was refused.
    mutating func write(_ access: RefusedAccess, _ context: ECSContext) {
        head(time: access.time)
        object("event") { writer in
            writer.field("kind", literal: "event")
            writer.array("category") { $0.element(literal: "host") }
            writer.array("type") { $0.element(literal: "denied") }
            writer.field("action", literal: "control_socket_refused")
            writer.field("outcome", literal: "failure")
            writer.field("module", literal: "vedette")
            writer.field("dataset", literal: "vedette.self_protection")
            writer.field("provider", literal: "vedette")
            writer.field("sequence", context.sequence)
            writer.field("severity", Severity.critical.score)
        }
        field("message", "uid \(access.uid), pid \(access.pid) was refused at \(access.path.text)")
        array("tags") { $0.element(literal: "self_protection") }
        object("file") { $0.field("path", access.path) }
        object("process") { $0.field("pid", UInt64(UInt32(bitPattern: access.pid))) }
        object("user") { writer in
            writer.field("id", keyword: UInt64(access.uid))
            if let name = context.names.user(access.uid) { writer.field("name", name) }
        }
        object("vedette") { writer in
            writer.field("severity", literal: "critical")
            writer.field("attempts", access.attempts)
            writer.object("file") { $0.exactBytes("path_bytes", of: access.path) }
        }
    }
}
