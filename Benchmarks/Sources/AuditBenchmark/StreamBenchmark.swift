internal import KernelDecoding

/// What one event of the live stream costs: the records of a log as netlink would deliver them, turned into facts.
enum StreamBenchmark {
    private struct Message {
        var type: UInt16
        var start: Int
        var end: Int
    }

    static func run(_ log: UnsafeBufferPointer<UInt8>) {
        let (messages, bytes) = messages(of: log)
        var decoder = AuditStreamDecoder(ignoredPid: nil)
        var facts = 0
        var paths = 0
        var now: UInt64 = 0
        let span = bytes.span
        let start = AuditBenchmark.processorSeconds()
        for message in messages {
            now += 1000
            decoder.feed(
                type: message.type, payload: span.extracting(message.start..<message.end), readAt: now
            ) {
                if case .facts(let event) = $0 {
                    facts += 1
                    paths += event.paths.count
                }
            }
        }
        let seconds = AuditBenchmark.processorSeconds() - start
        let each = Int(seconds / Double(max(1, facts)) * 1e9)
        let record = Int(seconds / Double(max(1, messages.count)) * 1e9)
        print(
            "stream: \(messages.count) records, \(facts) facts, \(paths) paths;",
            "\(each) ns an event (bar 2000), \(record) ns a record")
    }

    /// At most 200,000 records, each `audit(…): …`, and EOE after each event.
    private static func messages(of log: UnsafeBufferPointer<UInt8>) -> ([Message], [UInt8]) {
        var numbers: [[UInt8]: UInt16] = [:]
        AuditRecordType.names.visit { numbers[Array($1)] = UInt16($0) }
        var messages: [Message] = []
        var bytes: [UInt8] = []
        var last: [UInt8] = []
        for line in log.prefix(48 << 20).split(separator: 0x0a).dropLast() where messages.count < 200_000 {
            let words = line.split(separator: 0x20, maxSplits: 2)
            guard words.count == 3, let number = numbers[Array(words[0].dropFirst(5))], number >= 1300 else {
                continue
            }
            let id = Array(words[1].dropFirst(4))
            if id != last, !last.isEmpty {
                messages.append(Message(type: 1320, start: bytes.count, end: bytes.count + last.count))
                bytes += last
            }
            last = id
            let text = id + [0x20] + words[2]
            messages.append(Message(type: number, start: bytes.count, end: bytes.count + text.count))
            bytes += text
        }
        return (messages, bytes)
    }
}
