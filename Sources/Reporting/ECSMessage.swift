extension ByteWriter {
    /// Writes what the sensor says to its operator as a line: `vedette.console`.
    ///
    /// - Parameter time: nanoseconds since 1970.
    package mutating func message(_ text: String, time: UInt64) {
        root { writer in
            writer.head(time: time)
            writer.object("event") { writer in
                writer.field("kind", literal: "event")
                writer.field("module", literal: "vedette")
                writer.field("dataset", literal: "vedette.console")
            }
            writer.field("message", text)
        }
        append(UInt8(ascii: "\n"))
    }
}
