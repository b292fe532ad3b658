import EventModel
import Foundation
import Testing
import TextDiff

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func diff(_ before: String, _ after: String, _ limits: DiffLimits = DiffLimits()) throws
    -> UnifiedDiff
{
    try #require(UnifiedDiff.make(before: bytes(before), after: bytes(after), limits: limits))
}

/// A text of few different lines, so that many are the same by chance.
private func randomText(_ numbers: inout SeededNumbers, lines: Int, kinds: Int) -> [UInt8] {
    var text: [UInt8] = []
    for _ in 0..<Int.random(in: 0...lines, using: &numbers) {
        text += bytes("\(Int.random(in: 0..<kinds, using: &numbers))\n")
    }
    if !text.isEmpty, Int.random(in: 0..<4, using: &numbers) == 0 { text.removeLast() }
    return text
}

/// `text` with some lines gone, some come and some moved.
private func edited(_ text: [UInt8], _ numbers: inout SeededNumbers, edits: Int) -> [UInt8] {
    var result = lines(text)
    for edit in 0..<Int.random(in: 0...edits, using: &numbers) {
        let place = Int.random(in: 0...result.count, using: &numbers)
        if place < result.count, Bool.random(using: &numbers) {
            result.remove(at: place)
        } else {
            result.insert(bytes("new \(edit)\n"), at: place)
        }
    }
    return Array(result.joined())
}

@Suite struct UnifiedDiffTests {
    @Test func showsAChangeWithThreeLinesAround() throws {
        let before = (1...20).map { "line \($0)\n" }.joined()
        let after = before.replacingOccurrences(of: "line 10\n", with: "line ten\nand a half\n")
        let result = try diff(before, after)
        let expected = """
            @@ -7,7 +7,8 @@
             line 7
             line 8
             line 9
            -line 10
            +line ten
            +and a half
             line 11
             line 12
             line 13

            """
        #expect(result == UnifiedDiff(text: ByteString(expected), added: 2, removed: 1))
    }

    @Test(arguments: [
        ("", "a\n", "@@ -0,0 +1 @@\n+a\n"), ("a\n", "", "@@ -1 +0,0 @@\n-a\n"),
        ("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ("a\nb", "c\nb", "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n"),
        ("x\ny\n", "y\nx\n", "@@ -1,2 +1,2 @@\n-x\n y\n+x\n"), ("a\n", "a\n", ""), ("", "", ""),
    ])
    func looksAtTheEdgesAsOthersDo(_ before: String, _ after: String, _ text: String) throws {
        #expect(try diff(before, after).text.text == text)
    }

    @Test func changesThatAreFarApartAreHunksOfTheirOwn() throws {
        let old = (1...30).map { "\($0)\n" }
        var (near, far) = (old, old)
        (near[9], near[16]) = ("x\n", "y\n")
        (far[9], far[17]) = ("x\n", "y\n")
        #expect(
            lines(try diff(old.joined(), near.joined()).text.bytes).count { $0[0] == UInt8(ascii: "@") } == 1)
        #expect(
            lines(try diff(old.joined(), far.joined()).text.bytes).count { $0[0] == UInt8(ascii: "@") } == 2)
    }

    @Test(arguments: 0..<40) func appliesAndIsTheShortest(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<100 {
            let before = randomText(&numbers, lines: 30, kinds: Int.random(in: 1...40, using: &numbers))
            let isEdited = Bool.random(using: &numbers)
            let after =
                isEdited ? edited(before, &numbers, edits: 8) : randomText(&numbers, lines: 30, kinds: 8)
            let result = try #require(UnifiedDiff.make(before: before, after: after, limits: wide()))
            let patch = try Patch(result.text, to: before)
            #expect(patch.text == after)
            #expect((patch.added, patch.removed) == (result.added, result.removed))
            let (old, new) = (lines(before), lines(after))
            #expect(result.added + result.removed == old.count + new.count - 2 * commonLines(old, new))
            #expect(!result.isTruncated && result.isEmpty == (before == after))
        }
    }

    /// More edits than are looked for: no longer the shortest, but right.
    @Test(arguments: [(2_000, 2), (2_000, 50), (6_000, 3_000), (16_000, 16_000), (16_000, 4)])
    func appliesAlsoBeyondTheCapOfEdits(_ count: Int, _ kinds: Int) throws {
        var numbers = SeededNumbers(seed: 7)
        let texts = (0..<2).map { _ in
            Array((0..<count).map { _ in bytes("\(Int.random(in: 0..<kinds, using: &numbers))\n") }.joined())
        }
        let start = ContinuousClock.now
        let result = try #require(UnifiedDiff.make(before: texts[0], after: texts[1], limits: wide()))
        #expect(ContinuousClock.now - start < .seconds(10))
        let patch = try Patch(result.text, to: texts[0])
        #expect(patch.text == texts[1])
        #expect((patch.added, patch.removed) == (result.added, result.removed))
    }

    @Test func tooManyLinesAreToldByTheirCounts() throws {
        let (before, after) = ("same\n" + String(repeating: "\n", count: 20_000), "same\nother\n")
        let result = try diff(before, after)
        #expect(result.text.text == "@@ -2,20000 +2 @@\n")
        #expect((result.removed, result.added) == (20_000, 1) && result.isTruncated)
    }

    @Test func whatIsLongerThanTheLimitIsNotCompared() throws {
        let long = [UInt8](repeating: 0x61, count: 65_537)
        #expect(UnifiedDiff.make(before: long, after: []) == nil)
        #expect(UnifiedDiff.make(before: [], after: long) == nil)
        #expect(UnifiedDiff.make(before: [], after: Array(long.dropLast())) != nil)
        var limits = DiffLimits()
        limits.inputBytes = .max
        #expect(limits.inputBytes == DiffLimits.mostInputBytes)
        #expect(UnifiedDiff.make(before: long, after: [], limits: limits) != nil)
    }

    @Test(arguments: 0..<200) func showsNoMoreThanTheLimitsAndCountsAll(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        var limits = DiffLimits()
        limits.outputBytes = Int.random(in: -1...600, using: &numbers)
        limits.outputLines = Int.random(in: -1...30, using: &numbers)
        let before = randomText(&numbers, lines: 60, kinds: 50)
        let after = edited(before, &numbers, edits: 20)
        let (cut, whole) = (
            try #require(UnifiedDiff.make(before: before, after: after, limits: limits)),
            try #require(UnifiedDiff.make(before: before, after: after, limits: wide()))
        )
        #expect(cut.text.count <= max(0, limits.outputBytes))
        #expect(lines(cut.text.bytes).count <= max(0, limits.outputLines))
        #expect((cut.added, cut.removed) == (whole.added, whole.removed))
        #expect(cut.isTruncated == (cut.text != whole.text))
        #expect(whole.text.bytes.starts(with: cut.text.bytes))
        #expect(cut.text.isEmpty || cut.text.bytes.last == UInt8(ascii: "\n"))
    }

    @Test func longLinesAreCutBetweenCharacters() throws {
        let long = String(repeating: "ä", count: 200)
        #expect(
            try diff("", long + "\n").text.text == "@@ -0,0 +1 @@\n+" + long.prefix(128)
                + "...(144 more bytes)\n")
        let odd = "x" + long
        #expect(
            try diff("", odd + "\n").text.text == "@@ -0,0 +1 @@\n+" + odd.prefix(128)
                + "...(146 more bytes)\n")
    }

    @Test(
        arguments: [
            ([0x1b, 0x5b, 0x32, 0x4a], "\\x1b[2J"), ([0x61, 0x0d], "a\\r"), ([0x07, 0x00], "\\x07\\x00"),
            ([0x09, 0x5c], "\t\\"),
            ([0xff, 0x61], "\u{fffd}a"), ([0xc2, 0x9b], "\\u{9b}"), ([0xe2, 0x80, 0xae], "\\u{202e}"),
            ([0xe2, 0x80, 0xa8], "\\u{2028}"), ([0x7f], "\\x7f"),
            ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"),
            ([0xc3, 0xa9], "é"),
        ] as [([UInt8], String)])
    func nothingInALineDoesAnything(_ line: [UInt8], _ shown: String) throws {
        let result = try #require(UnifiedDiff.make(before: [], after: line + [0x0a]))
        #expect(result.text.text == "@@ -0,0 +1 @@\n+\(shown)\n")
    }

    @Test(arguments: 0..<50) func anyBytesBecomePrintableLines(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let texts = (0..<2).map { _ in
            (0..<Int.random(in: 0...5_000, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
        }
        let result = try #require(UnifiedDiff.make(before: texts[0], after: texts[1]))
        #expect(result.text.count <= 4_096)
        let text = try #require(String(validating: result.text.bytes, as: UTF8.self))
        for scalar in text.unicodeScalars where scalar != "\n" && scalar != "\t" {
            #expect(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value))
        }
    }
}

private let hasPatch = FileManager.default.isExecutableFile(atPath: "/usr/bin/patch")

@Suite(.enabled(if: hasPatch, "needs patch(1)")) struct PatchProgramTests {
    @Test(arguments: 0..<20) func theProgramAppliesItToo(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let before = randomText(&numbers, lines: 40, kinds: 30) + bytes("end\n")
        let after = edited(before, &numbers, edits: 10) + bytes("x")
        let result = try #require(UnifiedDiff.make(before: before, after: after, limits: wide()))
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "vedette-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (file, patch) = (directory.appendingPathComponent("f"), directory.appendingPathComponent("p"))
        try Data(before).write(to: file)
        try Data(bytes("--- f\n+++ f\n") + result.text.bytes).write(to: patch)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/patch")
        process.arguments = ["--silent", "--fuzz=0", file.path, patch.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try Data(contentsOf: file) == Data(after))
    }
}
