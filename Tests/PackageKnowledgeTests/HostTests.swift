import EventModel
import Foundation
import PackageKnowledge
import Testing

private let hasDatabase: Bool = {
    let has = FileManager.default.fileExists(atPath: "/var/lib/dpkg/info/dpkg.list")
    if !has { print("SKIPPED: tests of this host's dpkg database: it has none") }
    return has
}()

/// What the database of this very host says of files that are as they were installed.
@Suite(.enabled(if: hasDatabase, "this host has no dpkg database")) struct HostTests {
    private func names(_ suffix: String, in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(suffix) }
            .sorted()
    }

    /// Paths of files that are in place, from each package's digests.
    private func samples() throws -> [(package: String, path: String)] {
        var found: [(String, String)] = []
        let diverted = (try? String(contentsOfFile: "/var/lib/dpkg/diversions", encoding: .utf8)) ?? ""
        let info = "/var/lib/dpkg/info"
        for name in try names(".md5sums", in: info) {
            let text = try String(contentsOfFile: info + "/" + name, encoding: .utf8)
            guard let line = text.split(separator: "\n").first else { continue }
            let path = "/" + line.dropFirst(34)
            guard
                let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type]
                    as? FileAttributeType,
                kind == .typeRegular, !diverted.contains(path + "\n")
            else { continue }
            found.append((String(name.dropLast(8).prefix { $0 != ":" }), path))
        }
        return found
    }

    @Test func everyPackageOwnsItsFiles() throws {
        let database = PackageDatabase(scratch: ByteString(FileManager.default.temporaryDirectory.path))
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        let start = ContinuousClock.now
        database.prepare(now: now)
        let prepared = ContinuousClock.now
        var differing: [String] = []
        let samples = try samples().enumerated().filter { $0.offset % 8 == 0 }.map(\.element)
        for (package, path) in samples {
            let change = change(.replaced, ByteString(path), at: now - 10_000_000_000)
            let text = database.answer(for: change, now: now).text
            guard text.hasPrefix(package + " ") else {
                Issue.record("\(path) of \(package): \(text)")
                continue
            }
            if !text.hasSuffix(" expected content_matches") { differing.append("\(path): \(text)") }
        }
        let judged = ContinuousClock.now
        for number in 0..<1_000 {
            let change = change(.created, ByteString("/nowhere/\(number)"), by: "/usr/bin/vi", at: now)
            #expect(database.answer(for: change, now: now) == .nothing)
        }
        let missed = ContinuousClock.now
        print(
            "looked through in \(prepared - start); \(samples.count) files of different packages judged in",
            "\(judged - prepared); 1000 paths of nobody in \(missed - judged); changed by hand: \(differing)")
        // Images are trimmed by hand; most of it is in place.
        #expect(differing.count * 10 <= samples.count)
        #expect(database.counters.skipped == 0 && database.unindexed == 0)
    }
}
