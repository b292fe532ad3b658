internal import EventModel

extension StatusReport {
    /// All metrics, as a scraper takes them. Those without a value are left out.
    ///
    /// The corresponding definition is the Prometheus text exposition format, version 0.0.4.
    package var metrics: [UInt8] {
        var writer = ByteWriter()
        for metric in Metric.all {
            let samples = metric.samples(self)
            guard !samples.isEmpty else { continue }
            writer.write(metric, samples)
        }
        return writer.copy
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ metric: Metric, _ samples: [Metric.Sample]) {
        let name = metric.name
        append("# HELP ")
        append(name.utf8.span)
        append(" ")
        append(metric.help.utf8.span)
        append("\n# TYPE ")
        append(name.utf8.span)
        append(" ")
        append(metric.kind.rawValue.utf8.span)
        append("\n")
        for sample in samples {
            append(name.utf8.span)
            write(labels: sample.labels)
            append(" ")
            write(sample.value)
            append("\n")
        }
    }

    private mutating func write(labels: [(name: StaticString, value: String)]) {
        guard !labels.isEmpty else { return }
        var separator: StaticString = "{"
        for label in labels {
            append(separator)
            append(label.name)
            append("=\"")
            for byte in label.value.utf8 { append(label: byte) }
            append("\"")
            separator = ","
        }
        append("}")
    }

    /// A byte of a label's value; the format escapes three of them.
    private mutating func append(label byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\\"), UInt8(ascii: "\""):
            append(UInt8(ascii: "\\"))
            append(byte)
        default: append(byte)
        }
    }

    private mutating func write(_ value: Metric.Value) {
        switch value {
        case .whole(let number): append(decimal: number)
        case .nanoseconds(let time):
            append(decimal: time / 1_000_000_000)
            append(".")
            append(decimal: time % 1_000_000_000, atLeast: 9)
        }
    }
}
