import EventModel
import Foundation
import Testing

private let folder = ProcessInfo.processInfo.environment["VEDETTE_RECORD_FIXTURES"]

/// Records what the decoder tests replay: `VEDETTE_RECORD_FIXTURES=FOLDER`, with `VEDETTE_RECORD_AT` naming
/// directories (one on each filesystem to record, `name=path` separated by colons).
@Suite("recording of fixtures", .enabled(if: folder != nil), .serialized)
struct RecordFixtures {
    static var places: [(name: String, path: String)] {
        let text = ProcessInfo.processInfo.environment["VEDETTE_RECORD_AT"] ?? ""
        return text.split(separator: ":").compactMap { place in
            let halves = place.split(separator: "=")
            return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
        }
    }

    static let script = """
        echo one > a; chmod 600 a; mv a b; ln b c; rm c; mkdir d; mv b d/b; mv d e; echo x >> e/b
        ln -s nowhere s; truncate -s 1 e/b; rm -r e s; echo > 'naïve name'; echo > end
        """

    @Test("records fanotify batches")
    func recordFanotify() throws {
        for place in Self.places {
            let scratch = Scratch("record", in: place.path)
            let live = try LiveFanotify(watching: scratch.path)
            shell("cd \(scratch.path)\n\(Self.script)")
            let done = live.collect { Self.isOver($0, scratch.bytes("end")) }
            #expect(done)
            let events = live.batches.flatMap { $0.dropFirst(8) }
            try write([UInt8](repeating: 0, count: 8) + events, "fanotify/\(place.name)-life-of-files.bin")
        }
    }

    @Test("records inotify batches")
    func recordInotify() throws {
        let scratch = Scratch("record")
        let live = try LiveInotify(watching: scratch.path)
        shell("cd \(scratch.path)\n\(Self.script)")
        let done = live.collect { Self.isOver($0, scratch.bytes("end")) }
        #expect(done)
        try write(live.batches.flatMap { $0 }, "inotify/life-of-files.bin")
    }

    private static func isOver(_ seen: [FileEvent], _ end: ByteString) -> Bool {
        seen.contains { $0.path == end && $0.operations.contains(.closedAfterWrite) }
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder ?? "")/\(name)"))
    }
}
