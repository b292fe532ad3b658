internal import Foundation

/// Makes a big audit log of small ones: their events again and again, with times and serial numbers that go
/// on.
///
/// Events of more than 4096 bytes (very long arguments) are in every sixteenth round only: they are rare in
/// life. Every sixteenth pair of events alternates its records, as those of two processors do. Of an event
/// with a LOGIN record only that record is kept: libauparse takes it for an event of its own even when a
/// system call of the same serial number follows.
@main
struct AuditLogMaker {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let megabytes = Int(arguments[1]) else {
            FileHandle.standardError.write(Data("usage: AuditLogMaker MEGABYTES OUTPUT LOG…\n".utf8))
            exit(2)
        }
        var events: [[Line]] = []
        for file in arguments[3...] {
            events += Self.events(of: [UInt8](try Data(contentsOf: URL(filePath: file))))
        }
        var maker = Maker()
        _ = FileManager.default.createFile(atPath: arguments[2], contents: nil)
        let output = try FileHandle(forWritingTo: URL(filePath: arguments[2]))
        var size = 0
        while size < megabytes << 20 {
            let text = maker.round(of: events)
            try output.write(contentsOf: Data(text))
            size += text.count
        }
        print("\(arguments[2]): \(size) bytes of \(events.count) different events")
    }

    /// A line without its time and serial number.
    struct Line {
        var before: ArraySlice<UInt8>
        var after: ArraySlice<UInt8>
    }

    private static func events(of text: [UInt8]) -> [[Line]] {
        var events: [[Line]] = []
        var last: ArraySlice<UInt8>?
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let open = line.firstIndex(of: UInt8(ascii: "(")),
                let close = line[open...].firstIndex(of: UInt8(ascii: ")"))
            else { continue }
            let id = line[open...close]
            if id != last { events.append([]) }
            last = id
            events[events.count - 1].append(Line(before: line[...open], after: line[close...]))
        }
        return events.map { event in event.first { isLogin($0) }.map { [$0] } ?? event }
    }

    private static func isLogin(_ line: Line) -> Bool {
        String(decoding: line.before, as: UTF8.self).contains("type=LOGIN ")
    }
}

/// Gives events new times and serial numbers.
private struct Maker {
    private var serial = 1000
    private var milliseconds = 1_700_000_000_000

    private var rounds = 0

    mutating func round(of all: [[AuditLogMaker.Line]]) -> [UInt8] {
        rounds += 1
        let events = all.filter { event in
            rounds % 16 == 1 || event.reduce(0) { $0 + $1.before.count + $1.after.count } < 4096
        }
        var text: [UInt8] = []
        var pending: [[UInt8]] = []
        for (index, event) in events.enumerated() {
            serial += 1
            milliseconds += index % 3
            let fraction = String(milliseconds % 1000 + 1000).dropFirst()
            let id = Array("\(milliseconds / 1000).\(fraction):\(serial)".utf8)
            let lines = event.map { $0.before + id + $0.after + [UInt8(ascii: "\n")] }.map { Array($0) }
            if index % 32 == 30 {
                pending = lines
                continue
            }
            for step in 0..<max(lines.count, pending.count) {
                if step < pending.count { text += pending[step] }
                if step < lines.count { text += lines[step] }
            }
            pending = []
        }
        return text + pending.flatMap { $0 }
    }
}
