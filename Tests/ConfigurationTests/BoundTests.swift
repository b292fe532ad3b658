import Configuration
import Testing

@Suite struct BoundTests {
    @Test func reportsFiftyErrorsAndCountsTheRest() throws {
        let text = (0..<80).map { "unknown\($0): 1\n" }.joined()
        let found = try #require(errors(text))
        #expect(found.errors.count == 50 && found.omitted == 30)
        #expect(found.errors.last?.position == FilePosition(line: 50, column: 1))
        #expect("\(found)".hasSuffix("\nf.yml: and 30 more"))
    }

    @Test func refusesAFileOfMoreThanOneMegabyte() throws {
        let largest = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20)
        #expect(errors(largest) == nil)
        let found = try #require(errors(largest + [UInt8(ascii: "#")]))
        #expect(found.errors.map(\.problem) == ["the file has more than 1 MB"])
    }

    @Test func refusesMoreThan32Levels() throws {
        func nested(_ levels: Int) -> String {
            "a: " + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1)
        }
        #expect(try #require(errors(nested(32))).errors[0].problem.contains("not known"))
        let found = try #require(errors(nested(33)))
        #expect(found.errors.map(\.problem) == ["more than 32 levels are nested"])
        #expect(found.errors[0].position == FilePosition(line: 1, column: 35))
    }

    @Test func refusesMoreThan100000Values() throws {
        func list(_ values: Int) -> String {
            "fim: {exclude: [" + String(repeating: "a,", count: values) + "]}"
        }
        // The two mappings, two keys and the list are values too.
        #expect(try parse(list(99_995)).fim.exclude.count == 99_995)
        let found = try #require(errors(list(99_996)))
        #expect(found.errors.map(\.problem) == ["the file has more than 100000 values"])
    }

    /// What makes readers of YAML slow or large. A square of this many bytes takes minutes.
    @Test(arguments: [
        "[", "{", "- ", "? ", "&a ", "*a ", "!a ", "'", "\"\\", "a: ", "a: [", "|\n", "#", "%A\n", "---\n",
        "...\n", "\t",
        " ", "\n", ":", ",", "- - ", "{a: ", "? - ", "\u{2028}", "\r", "a\n", "-\n", "[a,\n", "{? a,",
        "\"a\" ", "a:\n ",
    ])
    func answersAtOnceWhateverIsRepeated(_ part: String) {
        let count = (1 << 18) / part.utf8.count
        let elapsed = ContinuousClock().measure { _ = errors(String(repeating: part, count: count)) }
        #expect(elapsed < .seconds(20), "\(part.debugDescription): \(elapsed)")
    }

    @Test func deeperIndentationEachLineIsRefusedAtOnce() {
        let text = (0..<1_400).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        let elapsed = ContinuousClock().measure {
            #expect(errors(text)?.errors.last?.problem == "more than 32 levels are nested")
        }
        #expect(elapsed < .seconds(20))
    }
}
