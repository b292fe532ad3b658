internal import Foundation
internal import Testing

@testable internal import KernelDecoding

/// The fixture folders: `<distribution>-linux-<kernel>/<case>.log` beside `<case>.golden.jsonl`.
enum AuditFixtures {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    /// Paths relative to `root`, of all files of the recorded hosts.
    static let files: [String] = {
        let walk = FileManager.default.enumerator(atPath: root.path)
        var files: [String] = []
        while let path = walk?.nextObject() as? String {
            let isFile = walk?.fileAttributes?[.type] as? FileAttributeType == .typeRegular
            if isFile, path.contains("-linux-") { files.append(path) }
        }
        return files.sorted()
    }()

    static let logs = files.filter { $0.hasSuffix(".log") }

    static func bytes(_ file: String) -> [UInt8] {
        (try? Data(contentsOf: root.appending(path: file))).map { [UInt8]($0) } ?? []
    }

    /// What `vedette audit parse` makes of a text that is fed in pieces of `size` bytes.
    static func encode(_ text: [UInt8], piecesOf size: Int = .max) -> [UInt8] {
        var decoder = AuditTextDecoder()
        var encoder = AuditJSONEncoder()
        var start = 0
        while start < text.count {
            let end = min(text.count, size > text.count ? text.count : start + size)
            decoder.feed(text.span.extracting(start..<end), into: &encoder)
            start = end
        }
        decoder.finish(into: &encoder)
        return encoder.output.withBytes { [UInt8]($0) }
    }
}

@Suite("Audit golden files")
struct AuditGoldenTests {
    @Test(arguments: AuditFixtures.logs)
    func aLogBecomesItsGoldenFile(_ log: String) throws {
        let golden = log.dropLast(4) + ".golden.jsonl"
        let encoded = AuditFixtures.encode(AuditFixtures.bytes(log))
        if ProcessInfo.processInfo.environment["VEDETTE_UPDATE_GOLDEN"] != nil {
            try Data(encoded).write(to: AuditFixtures.root.appending(path: String(golden)))
        }
        let isSame = encoded == AuditFixtures.bytes(String(golden))
        #expect(isSame, "\(log): run `VEDETTE_UPDATE_GOLDEN=1 swift test` and read the difference")
    }

    @Test func everyFileBelongsToACase() {
        #expect(!AuditFixtures.logs.isEmpty)
        let names = Set(AuditFixtures.files)
        let partners = [
            ".golden.jsonl": ".log", ".log": ".golden.jsonl", ".golden.txt": ".bin", ".bin": ".golden.txt",
        ]
        for file in AuditFixtures.files where !file.hasSuffix("/PROVENANCE") {
            let partner = partners.first { file.hasSuffix($0.key) }
                .map { file.dropLast($0.key.count) + $0.value }
            #expect(partner.map { names.contains(String($0)) } ?? false, "orphan: \(file)")
        }
    }

    @Test(arguments: AuditFixtures.logs)
    func everyLineIsJSONWithoutRepeatedNames(_ log: String) throws {
        for line in AuditFixtures.encode(AuditFixtures.bytes(log)).split(separator: UInt8(ascii: "\n")) {
            let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            #expect(object?["records"] != nil || object?["gap"] != nil)
        }
    }

    @Test(arguments: AuditFixtures.logs)
    func thePiecesInWhichALogArrivesDoNotMatter(_ log: String) {
        let text = AuditFixtures.bytes(log)
        let whole = AuditFixtures.encode(text)
        for size in [1, 7, 64, 1000] {
            let isSame = Self.lines(AuditFixtures.encode(text, piecesOf: size)) == Self.lines(whole)
            #expect(isSame, "pieces of \(size)")
        }
    }

    /// An event that is not complete at the end of a piece is passed on later, so the order may differ.
    private static func lines(_ text: [UInt8]) -> [String] {
        text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    @Test(arguments: AuditFixtures.logs)
    func recordsThatAlternateGiveTheSameEvents(_ log: String) {
        let lines = AuditFixtures.bytes(log).split(separator: UInt8(ascii: "\n"))
        var events: [[ArraySlice<UInt8>]] = []
        var last: ArraySlice<UInt8>?
        for line in lines {
            let open = line.firstIndex(of: UInt8(ascii: "(")).flatMap { start in
                line[start...].firstIndex(of: UInt8(ascii: ")")).map { line[start...$0] }
            }
            if open != last { events.append([]) }
            events[events.count - 1].append(line)
            last = open
        }
        var mixed: [UInt8] = []
        for pair in stride(from: 0, to: events.count, by: 2) {
            var queues = Array(events[pair..<min(pair + 2, events.count)])
            while queues.contains(where: { !$0.isEmpty }) {
                for index in queues.indices where !queues[index].isEmpty {
                    mixed += queues[index].removeFirst() + [UInt8(ascii: "\n")]
                }
            }
        }
        let text = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
        let isSame = Self.lines(AuditFixtures.encode(mixed)) == Self.lines(AuditFixtures.encode(text))
        #expect(isSame)
    }

    @Test(arguments: AuditFixtures.logs)
    func aLogCutAnywhereGivesOnlyWholeRecords(_ log: String) {
        var before: [UInt8] = []
        for line in AuditFixtures.bytes(log).split(separator: UInt8(ascii: "\n")) {
            let whole: UInt64 = before.isEmpty ? 0 : 1
            // Of the few lines of thousands of bytes, not each place in the middle of one long value.
            for cut in 0...line.count where cut < 1000 || cut + 100 > line.count {
                let text = before + line.prefix(cut)
                var decoder = AuditTextDecoder()
                var tally = AuditFieldTally()
                decoder.feed(text.span, into: &tally)
                decoder.finish(into: &tally)
                let records = decoder.counters.records
                if records != whole { Issue.record("\(records) records at byte \(cut) of \(line)") }
            }
            before = line.prefix(1000) + [UInt8(ascii: "\n")]
        }
    }
}
