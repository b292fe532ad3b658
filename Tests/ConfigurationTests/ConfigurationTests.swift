import EventModel
import Foundation
import Testing

@testable import Configuration

@Suite struct ConfigurationTests {
    @Test func whatIsNotSaidIsTheDefault() throws {
        let read = try parse("fim:\n  watches:\n    - path: /etc\n")
        var expected = SensorConfiguration()
        expected.fim.watches = [Watch(path: "/etc")]
        #expect(read == expected)
        let watch = read.fim.watches[0]
        #expect(watch.recursion == nil && watch.severity == .medium && !watch.diff && !watch.followsSymlinks)
        #expect(watch.digestLimit == 1 << 30)
        #expect(read.fim.exclude == ["*.swp", "/etc/mtab"])
        #expect(read.fim.scan.interval == 43_200 && read.fim.scan.atStart && read.fim.scan.rate == nil)
        #expect(read.fim.settleMilliseconds == 250 && read.fim.canaries && read.audit.enabled)
        #expect(read.alerts.rotate == 100 << 20 && read.alerts.keep == 10 && read.alerts.sync)
        #expect(read.metrics == nil)
    }

    @Test func alertsLieBelowTheRootUnlessAFileIsNamed() throws {
        #expect(AlertOptions().path() == "/var/log/vedette/alerts.json")
        #expect(AlertOptions().path(root: "/r/") == "/r/var/log/vedette/alerts.json")
        #expect(try parse("alerts: {file: /x}").alerts.path(root: "/r") == "/x")
    }

    @Test func builtInWatchesAreThoseThatExist() throws {
        let some: Set = ["/etc", "/boot", "/root/.ssh"]
        let watches = SensorConfiguration.builtIn { some.contains($0) }.fim.watches
        #expect(watches.map(\.path) == ["/etc", "/boot", "/root/.ssh"])
        #expect(watches.map(\.severity) == [.medium, .high, .critical])
        let read = try SensorConfiguration.parse(Array("alerts: {keep: 3}".utf8), file: "") {
            some.contains($0)
        }
        #expect(read.fim.watches == watches && read.alerts.keep == 3)
    }

    @Test(arguments: [
        ("30s", 30), ("5m", 300), ("12h", 43_200), ("7d", 604_800), ("'90'", 90), ("45", 45), ("0", 0),
        ("off", 0),
        ("0s", 0), ("365d", 31_536_000),
    ])
    func readsTimes(_ text: String, _ seconds: UInt64) throws {
        #expect(try parse("fim: {scan: {interval: \(text)}}").fim.scan.interval == seconds)
    }

    @Test(arguments: [
        ("65536", 65_536), ("64KB", 65_536), ("10MB", 10 << 20), ("1GB", 1 << 30), ("1TB", 1 << 40),
        ("off", nil),
    ])
    func readsSizes(_ text: String, _ bytes: UInt64?) throws {
        #expect(try parse("alerts: {rotate: \(text)}").alerts.rotate == bytes)
    }

    @Test(arguments: [
        ("exlude", "exclude"), ("exclud", "exclude"), ("ecxlude", "exclude"), ("exclude_", "exclude"),
        ("settle", "settle_ms"), ("scann", "scan"), ("Watches", "watches"),
    ])
    func suggestsTheKeyThatWasMeant(_ wrong: String, _ right: String) throws {
        let found = try #require(errors("fim:\n  \(wrong): 1\n")).errors
        #expect(found.map(\.advice) == ["did you mean `\(right)`?"])
        #expect(found[0].position == FilePosition(line: 2, column: 3))
    }

    @Test func namesTheKnownKeysWhenNoneIsNear() throws {
        let found = try #require(errors("fim:\n  something: 1\n")).errors
        #expect(found.map(\.advice) == ["known are watches, exclude, digests, scan, settle_ms, canaries"])
    }

    @Test func messagesAreShortAndWithoutControlCharacters() throws {
        let found = try #require(errors("\"\\e]0;x\\a\(String(repeating: "y", count: 5_000))\": 1\n"))
        #expect("\(found)".unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        #expect("\(found)".count < 300)
    }

    @Test func pathsAreComparedByBytes() throws {
        #expect(try #require(errors("fim: {watches: [{path: \"/a/../\\u0301b\"}]}")).errors.count == 1)
        #expect(try #require(errors("fim: {exclude: [\"a/\\u0301b\"]}")).errors.count == 1)
        let read = try parse(
            "fim: {watches: [{path: \"/\\u00e9\"}, {path: \"/e\\u0301\"}, {path: \"//\\u0301\"}]}")
        #expect(read.fim.watches.map { Array($0.path.utf8).count } == [3, 4, 3])
    }

    @Test func columnsCountCharacters() throws {
        let found = try #require(errors("fim: {exclude: [é, 日本, 1]}")).errors
        #expect(found.map(\.position) == [FilePosition(line: 1, column: 24)])
    }

    @Test func distanceCountsTheSwapOfNeighboursAsOne() {
        #expect(Suggestion.distance("", "") == 0 && Suggestion.distance("ab", "ba") == 1)
        #expect(Suggestion.distance("kitten", "sitting") == 3 && Suggestion.distance("", "abc") == 3)
    }
}

@Suite struct ConfigurationFileTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "vedette-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    private func failure(_ path: String) -> ConfigurationErrors? {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationFile.load(path)
            return nil
        } catch { return error }
    }

    @Test func isBelowTheRoot() {
        #expect(ConfigurationFile.defaultPath() == "/etc/vedette/vedette.yml")
        #expect(ConfigurationFile.defaultPath(root: "/r//") == "/r/etc/vedette/vedette.yml")
    }

    @Test func readsAFileAndLooksForBuiltInWatchesBelowTheHostRoot() throws {
        try withDirectory { directory in
            try "alerts: {keep: 2}".write(toFile: directory + "/c.yml", atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(
                atPath: directory + "/boot", withIntermediateDirectories: false)
            let read = try ConfigurationFile.load(directory + "/c.yml", hostRoot: directory)
            #expect(read.alerts.keep == 2 && read.fim.watches.map(\.path) == ["/boot"])
        }
    }

    @Test func saysThatThereIsNoFile() throws {
        try withDirectory { directory in
            let missing = try #require(failure(directory + "/none.yml"))
            #expect(missing.isMissingFile && missing.errors[0].position == nil)
            #expect(try #require(failure(directory)).isMissingFile == false)
        }
    }

    @Test func doesNotWaitForTheWriterOfAFIFO() throws {
        try withDirectory { directory in
            #expect(mkfifo(directory + "/fifo", 0o600) == 0)
            let found = try #require(failure(directory + "/fifo"))
            #expect(found.errors[0].problem == "this is not a regular file" && !found.isMissingFile)
        }
    }

    @Test func refusesALargeFileWithoutReadingAllOfIt() throws {
        try withDirectory { directory in
            let path = directory + "/sparse.yml"
            #expect(
                FileManager.default.createFile(atPath: path, contents: nil) && truncate(path, 1 << 40) == 0)
            #expect(failure(path)?.errors.map(\.problem) == ["the file has more than 1 MB"])
        }
    }

    @Test func theExampleIsGood() throws {
        let read = try ConfigurationFile.load(packageRoot.appendingPathComponent("docs/vedette.yml").path)
        #expect(read.fim.watches.map(\.path) == ["/etc", "/usr/local/bin", "/srv/www"])
    }
}
