import EventModel
import Testing
import TextDiff

@Suite struct StoredTextTests {
    private let text = Array(String(repeating: "PermitRootLogin no\n", count: 500).utf8)

    @Test(arguments: 0..<30) func whatWasStoredComesBack(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let kinds = UInt8.random(in: 1...255, using: &numbers)
        let content = (0..<Int.random(in: 0...70_000, using: &numbers)).map { _ in
            UInt8.random(in: 0...kinds, using: &numbers)
        }
        #expect(try StoredText.expand(try #require(StoredText.compress(content))) == content)
    }

    @Test func nothingAndTheMostComeBack() throws {
        var numbers = SeededNumbers(seed: 1)
        let most = (0..<StoredText.mostBytes).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        for content in [[], most] {
            let stored = try #require(StoredText.compress(content))
            #expect(stored.count < 1_050_000)
            #expect(try StoredText.expand(stored) == content)
        }
        #expect(StoredText.compress(most + [0]) == nil)
    }

    @Test func textBecomesSmall() throws {
        #expect(try #require(StoredText.compress(text)).count < text.count / 50)
    }

    @Test func everyTruncationIsRefused() throws {
        let stored = try #require(StoredText.compress(text)).bytes
        for count in stored.indices {
            let error = #expect(throws: StoredTextError.self) {
                try StoredText.expand(ByteString(Array(stored.prefix(count))))
            }
            #expect(error == (count < 5 ? .short : .damaged))
        }
        #expect(throws: StoredTextError.damaged) { try StoredText.expand(ByteString(stored + [0])) }
    }

    @Test func everyFlippedBitIsRefused() throws {
        let stored = try #require(StoredText.compress(text)).bytes
        for position in stored.indices {
            for bit in 0..<8 {
                var damaged = stored
                damaged[position] ^= 1 << UInt8(bit)
                #expect(throws: StoredTextError.self) { try StoredText.expand(ByteString(damaged)) }
            }
        }
    }

    @Test func neverTakesMoreThanItsLimitWhateverTheHeaderSays() throws {
        let stored = try #require(StoredText.compress(text))
        #expect(throws: StoredTextError.tooLarge) { try StoredText.expand(stored, limit: text.count - 1) }
        #expect(try StoredText.expand(stored, limit: text.count) == text)
        var bytes = stored.bytes
        bytes.replaceSubrange(1..<5, with: [0xff, 0xff, 0xff, 0xff])
        #expect(throws: StoredTextError.tooLarge) { try StoredText.expand(ByteString(bytes), limit: .max) }
        // Less than it holds: the rest is not inflated.
        bytes.replaceSubrange(1..<5, with: [1, 0, 0, 0])
        #expect(throws: StoredTextError.damaged) { try StoredText.expand(ByteString(bytes)) }
        bytes[0] = 2
        #expect(throws: StoredTextError.unknownVersion) { try StoredText.expand(ByteString(bytes)) }
    }
}

@Suite struct TextFileTests {
    @Test(arguments: [
        "", "a", "PATH=/bin\n", "Gr\u{fc}\u{df}e\n", "日本語\n", "\u{1b}[1mwelcome\u{1b}[0m\n", "a\r\n\tb\u{0c}",
    ])
    func textIsText(_ text: String) { #expect(TextFile.isText(Array(text.utf8))) }

    @Test func latinTextIsText() {
        #expect(
            TextFile.isText(
                Array("Passw".utf8) + [0xf6] + Array("rter und Gr".utf8) + [0xfc, 0xdf]
                    + Array("e an alle\n".utf8)))
    }

    @Test(
        arguments: [
            [0x00], [0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01, 0x01, 0x00], [0x61, 0x00, 0x62, 0x00],
            [0x1f, 0x8b, 0x08, 0x01],
            [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0xff, 0xfe, 0x61], [0x01], [0xc8, 0xce, 0xcb],
        ] as [[UInt8]])
    func whatIsNoTextIsNot(_ bytes: [UInt8]) { #expect(!TextFile.isText(bytes)) }

    @Test func noiseIsNoText() {
        var numbers = SeededNumbers(seed: 3)
        for _ in 0..<500 {
            #expect(!TextFile.isText((0..<200).map { _ in UInt8.random(in: 1...255, using: &numbers) }))
        }
    }

    @Test func oneZeroInALongTextIsEnough() {
        #expect(!TextFile.isText([UInt8](repeating: 0x61, count: 60_000) + [0]))
    }
}
