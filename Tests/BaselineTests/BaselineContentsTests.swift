import Baseline
import EventModel
import Testing

@Suite struct BaselineContentsTests {
    private let scratch: Scratch
    private let baseline: Baseline

    init() throws {
        scratch = try Scratch()
        baseline = try Baseline(path: scratch.database)
    }

    @Test func comesBackAsItWasStored() throws {
        let name = ByteString([0x2f, 0x61, 0x2f, 0xfe, 0x0a, 0x27])
        let text = ByteString([0, 1, 0xff, 0x27, 0])
        #expect(try baseline.content(of: name) == nil)
        #expect(try baseline.putContent("old", at: name))
        #expect(try baseline.putContent(text, at: name))
        #expect(try baseline.putContent("", at: "/a/empty"))
        try baseline.commit()
        let other = try Baseline(path: scratch.database, mayWrite: false)
        #expect(try other.content(of: name) == text)
        #expect(try other.content(of: "/a/empty") == "")
        #expect(try other.content(of: "/a/other") == nil)
        #expect(try other.bytesOfContents() == baseline.bytesOfContents())
    }

    @Test func goesWithTheFile() throws {
        for path: ByteString in ["/a/x", "/a/y", "/a/b/z", "/ab/x"] {
            try baseline.put(sample(1), at: path, seen: 1)
            try baseline.putContent(path, at: path)
        }
        try baseline.remove("/a/x")
        #expect(try baseline.content(of: "/a/x") == nil)
        #expect(try baseline.content(of: "/a/y") == "/a/y")
        try baseline.removeContent(of: "/a/y")
        #expect(try baseline.content(of: "/a/y") == nil)
        #expect(try baseline.record(of: "/a/y") != nil)
        try baseline.removeTree("/a") { (_, _) throws(DatabaseError) in }
        try baseline.put(sample(1), at: "/a/b/z", seen: 1)
        #expect(try baseline.content(of: "/a/b/z") == nil)
        #expect(try baseline.content(of: "/ab/x") == "/ab/x")
        try baseline.remove("/ab/x")
        #expect(try baseline.bytesOfContents() == 0)
    }

    /// What SQLite reuses the id of is another directory.
    @Test func aNewDirectoryHasNoneOfAnOldOnesContents() throws {
        try baseline.putContent("old", at: "/a/x")
        try baseline.removeTree("/a") { (_, _) throws(DatabaseError) in }
        try baseline.put(sample(1), at: "/b/x", seen: 1)
        #expect(try baseline.content(of: "/b/x") == nil)
    }

    @Test func overTheBoundNothingIsStoredAndItIsCounted() throws {
        let text = ByteString([UInt8](repeating: 1, count: 83))
        baseline.limitContents(to: 1_000)
        for number in 0..<15 {
            // With the name and the row 101 or 102 bytes each.
            #expect(try baseline.putContent(text, at: ByteString("/d/\(number + 10)")) == (number < 9))
        }
        #expect(baseline.refusedContents == 6)
        #expect(try baseline.bytesOfContents() == 9 * 101)
        #expect(try baseline.content(of: "/d/24") == nil)
        try baseline.remove("/d/10")
        #expect(try baseline.putContent(text, at: "/d/24"))
        // What replaces another needs no further room.
        #expect(try baseline.putContent(text, at: "/d/24"))
        #expect(baseline.refusedContents == 6)
    }

    @Test func whatIsRefusedLeavesNoOldContentBehind() throws {
        try baseline.putContent("old", at: "/d/f")
        let long = ByteString([UInt8](repeating: 1, count: Baseline.mostBytesOfContent + 1))
        #expect(try !baseline.putContent(long, at: "/d/f"))
        #expect(try baseline.content(of: "/d/f") == nil)
        #expect(try baseline.putContent(ByteString(Array(long.bytes.dropLast())), at: "/d/f"))
    }

    @Test func whatIsRolledBackIsNotCounted() throws {
        try baseline.putContent("kept", at: "/d/kept")
        try baseline.commit()
        let before = try baseline.bytesOfContents()
        try baseline.putContent("lost, and longer", at: "/d/lost")
        try baseline.removeContent(of: "/d/kept")
        baseline.rollBack()
        #expect(try baseline.bytesOfContents() == before)
        #expect(try baseline.content(of: "/d/kept") == "kept")
        #expect(try baseline.content(of: "/d/lost") == nil)
    }

    @Test func theSumIsThatOfTheRowsAlsoInAnotherRun() throws {
        for number in 0..<50 {
            try baseline.putContent(ByteString("text \(number)"), at: ByteString("/d/\(number)"))
        }
        for number in 0..<20 { try baseline.remove(ByteString("/d/\(number)")) }
        try baseline.commit()
        let other = try Baseline(path: scratch.database)
        #expect(try other.bytesOfContents() == 30 * (7 + 2 + 16))
        #expect(try baseline.bytesOfContents() == 30 * (7 + 2 + 16))
    }
}
