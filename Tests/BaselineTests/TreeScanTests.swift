import Baseline
import EventModel
import Foundation
import Testing

/// A disk in memory, which counts how often content is read.
private final class TreePicture: FileTree {
    var files: [ByteString: FileAttributes] = [:]
    var unreadable: Set<ByteString> = []
    var mountRoots: Set<ByteString> = []
    private(set) var reads = 0
    private var digests: DigestSet = []
    private(set) var lists = 0
    private var directory = ByteString()
    private var names: [ByteString] = []

    func use(_ digests: DigestSet, helpers: Int) { self.digests = digests }

    func list(_ directory: ByteString) -> Int32 {
        if unreadable.contains(directory) { return EACCES }
        lists += 1
        self.directory = directory
        names = files.keys.filter { $0.parent == directory }.map(\.lastComponent).sorted()
        return 0
    }

    var count: Int { names.count }
    func finish() {}
    func isMountRoot(at position: Int) -> Bool { mountRoots.contains(directory.appending(names[position])) }
    func name(at position: Int) -> ByteString { names[position] }

    func compareName(at position: Int, with other: ByteString) -> Int {
        names[position] == other ? 0 : names[position] < other ? -1 : 1
    }

    func status(at position: Int) -> FileAttributes? {
        var found = files[directory.appending(names[position])]
        found?.sha256 = nil
        return found
    }

    func complete(
        _ attributes: inout FileAttributes, at position: Int, digestLimit: UInt64, settles: Bool
    ) -> Bool {
        guard let found = files[directory.appending(names[position])] else { return false }
        attributes.sha256 = found.size <= digestLimit ? found.sha256 : nil
        guard let first = attributes.sha256?.withBytes({ $0[0] }) else { return true }
        attributes.furtherDigests = further(digests, filledWith: first)
        reads += 1
        return true
    }

    func digest<Failure: Error>(
        _ attributes: inout FileAttributes, at position: Int, goesOn: () throws(Failure) -> Bool
    ) throws(Failure) {
        let found = files[directory.appending(names[position])]
        if try goesOn() { attributes.sha256 = found?.sha256 }
    }

    func isKernelState(_ directory: ByteString) -> Bool { directory.lastComponent == "proc" }
}

@Suite struct TreeScanTests {
    private let scratch: Scratch
    private let baseline: Baseline
    private let tree = TreePicture()
    private final class Report { var changes: [FileChange] = [] }
    private let report = Report()
    private let clock = Clock()
    private final class Clock {
        var now: UInt64 = 1_000
        /// Nanoseconds that pass with each look at it.
        var step: UInt64 = 0
        var next: UInt64 {
            now += step
            return now
        }
    }

    init() throws {
        scratch = try Scratch()
        baseline = try Baseline(path: scratch.database)
        for path: ByteString in ["/w", "/w/d", "/w/d/e"] { add(path, .directory) }
        for path: ByteString in ["/w/f", "/w/d/g", "/w/d.h", "/w/d/e/i"] { add(path, .file) }
    }

    private func add(_ path: ByteString, _ type: FileType, content: UInt8 = 1) {
        var file = sample(UInt64(tree.files.count + 10), type: type)
        if type == .file { file.sha256 = SHA256Digest([UInt8](repeating: content, count: 32)) }
        tree.files[path] = file
    }

    /// Scans at `time`; what it tells, `kind path` each, sorted.
    @discardableResult
    private func scan(
        at time: UInt64, _ options: ScanOptions = ScanOptions(),
        goesOn: @escaping (ScanResult) -> Bool = { _ in true }
    ) throws -> [String] {
        report.changes = []
        clock.now = time
        let (report, clock) = (report, clock)
        let scan = TreeScan(
            baseline: baseline, tree: tree, options: options, now: { clock.next },
            report: { report.changes.append($0) }, goesOn: goesOn)
        _ = try scan.scan("/w")
        return report.changes.map { "\($0.kind.rawValue) \($0.path.text)" }.sorted()
    }

    private func known() throws -> [ByteString: FileAttributes] {
        var result: [ByteString: FileAttributes] = [:]
        if let root = try baseline.record(of: "/w") { result["/w"] = root.attributes }
        try baseline.forEachBelow("/w") { (path, record) throws(DatabaseError) in
            result[path] = record.attributes
        }
        return result
    }

    @Test func theFirstScanTakesEverythingInSilence() throws {
        #expect(try scan(at: 1_000).isEmpty)
        #expect(try known() == tree.files)
        #expect(try baseline.root("/w") == BaselineRoot(taken: 1_000, scanned: 1_000))
    }

    @Test func whatLooksTheSameIsNotRead() throws {
        try scan(at: 1_000)
        let reads = tree.reads
        #expect(try scan(at: 2_000).isEmpty)
        #expect(tree.reads == reads)
        var verifying = ScanOptions()
        verifying.rereads = true
        #expect(try scan(at: 3_000, verifying).isEmpty)
        #expect(tree.reads == reads * 2)
    }

    @Test func digestsThatAreAskedForLaterAreAddedInSilence() throws {
        tree.files["/w/large"] = sample(99, size: 1 << 40)
        try scan(at: 1_000)
        var options = ScanOptions()
        options.digests = [.md5, .sha1]
        let reads = tree.reads
        #expect(try scan(at: 2_000, options).isEmpty)
        #expect(tree.reads == reads * 2)
        let file = try #require(try baseline.record(of: "/w/f")?.attributes)
        #expect(file.furtherDigests?.set == [.md5, .sha1])
        #expect(try baseline.record(of: "/w/large")?.attributes.furtherDigests == nil)
        #expect(try scan(at: 3_000, options).isEmpty)
        #expect(tree.reads == reads * 2)
        tree.files["/w/f"]?.sha256 = SHA256Digest([UInt8](repeating: 9, count: 32))
        tree.files["/w/f"]?.changed = 3_500
        #expect(try scan(at: 4_000, options) == ["modified /w/f"])
        let change = try #require(report.changes.first)
        let (before, after) = try (#require(change.before), #require(change.after))
        #expect(after.differences(from: before) == [.sha256, .md5, .sha1])
    }

    @Test func tellsEachKindOnceWithItsInterval() throws {
        try scan(at: 1_000)
        add("/w/d/new", .file)
        tree.files["/w/f"]?.sha256 = SHA256Digest([UInt8](repeating: 9, count: 32))
        tree.files["/w/f"]?.changed = 1_500
        tree.files["/w/d.h"]?.mode = 0o600
        tree.files["/w/d/e/i"]?.inode = 4_711
        tree.files["/w/d/g"] = nil
        let expected = [
            "attributes /w/d.h", "created /w/d/new", "deleted /w/d/g", "modified /w/f", "replaced /w/d/e/i",
        ]
        #expect(try scan(at: 2_000) == expected)
        #expect(report.changes.allSatisfy { $0.interval == 1_000...2_000 && $0.source == .scan })
        #expect(try known() == tree.files)
        #expect(try scan(at: 3_000).isEmpty)
    }

    @Test func whatAMountHidesIsNotGone() throws {
        try scan(at: 1_000)
        let before = tree.files
        for path in tree.files.keys where path.isWithin("/w/d") && path != "/w/d" { tree.files[path] = nil }
        tree.files["/w/d"]?.device = 99
        tree.files["/w/d"]?.inode = 2
        tree.mountRoots = ["/w/d"]
        #expect(try scan(at: 2_000).isEmpty)
        // What happens below is dated from when it was last seen.
        #expect(try baseline.root("/w")?.scanned == 1_000)
        (tree.files, tree.mountRoots) = (before, [])
        #expect(try scan(at: 3_000).isEmpty)
        #expect(try baseline.root("/w")?.scanned == 3_000)
    }

    @Test func aWatchThatIsNotMountedIsNotGone() throws {
        try scan(at: 1_000)
        for path in tree.files.keys where path != "/w" { tree.files[path] = nil }
        tree.files["/w"]?.device = 99
        tree.files["/w"]?.inode = 4_711
        #expect(try scan(at: 2_000).isEmpty)
    }

    @Test func aTreeOnAnotherDeviceThatIsNoMountIsTold() throws {
        try scan(at: 1_000)
        for path in tree.files.keys {
            tree.files[path]?.device = 99
            tree.files[path]?.born = 1_500
        }
        #expect(try scan(at: 2_000).count == tree.files.count)
    }

    @Test func otherDeviceNumbersAreNoChange() throws {
        try scan(at: 1_000)
        for path in tree.files.keys { tree.files[path]?.device = 99 }
        #expect(try scan(at: 2_000).isEmpty)
    }

    @Test func whatWasSeenLaterNarrowsTheInterval() throws {
        try scan(at: 1_000)
        // As the live pipeline does.
        try baseline.put(tree.files["/w/f"] ?? sample(1), at: "/w/f", seen: 1_700)
        tree.files["/w/f"]?.mode = 0o600
        try scan(at: 2_000)
        #expect(report.changes.first?.interval == 1_700...2_000)
    }

    @Test func contentChangedPastTheFilesystemIsFoundByReading() throws {
        try scan(at: 1_000)
        tree.files["/w/f"]?.sha256 = SHA256Digest([UInt8](repeating: 9, count: 32))
        #expect(try scan(at: 2_000).isEmpty)
        var verifying = ScanOptions()
        verifying.rereads = true
        #expect(try scan(at: 3_000, verifying) == ["modified /w/f"])
    }

    @Test func aDirectoryThatHasGoneTakesWhatWasInIt() throws {
        try scan(at: 1_000)
        for path in tree.files.keys where path.isWithin("/w/d") { tree.files[path] = nil }
        let expected = ["deleted /w/d", "deleted /w/d/e", "deleted /w/d/e/i", "deleted /w/d/g"]
        #expect(try scan(at: 2_000) == expected)
        #expect(try known() == tree.files)
    }

    @Test func aFileInADirectorysPlaceReplacesIt() throws {
        try scan(at: 1_000)
        for path in tree.files.keys where path.isWithin("/w/d") { tree.files[path] = nil }
        add("/w/d", .file)
        let expected = ["deleted /w/d/e", "deleted /w/d/e/i", "deleted /w/d/g", "replaced /w/d"]
        #expect(try scan(at: 2_000) == expected)
        #expect(try known() == tree.files)
    }

    @Test func whatIsLeftOfALostTreeIsToldByTheNextScan() throws {
        for number in 0..<2_000 { add(ByteString("/w/d/e/\(number)"), .file) }
        try scan(at: 1_000)
        let count = tree.files.count
        for path in tree.files.keys where path.isWithin("/w/d") { tree.files[path] = nil }
        clock.step = 15_000_000
        var calls = 0
        let first = try scan(at: 1_000_000_000) { _ in
            calls += 1
            return calls < 4
        }
        #expect(!first.isEmpty && first.count < count - tree.files.count)
        // The directory itself only when everything in it has been told.
        #expect(!first.contains("deleted /w/d/e"))
        let second = try scan(at: 100_000_000_000)
        #expect(Set(first).union(second).count == first.count + second.count)
        #expect(first.count + second.count == count - tree.files.count)
        #expect(second.contains("deleted /w/d/g") && second.contains("deleted /w/d"))
        #expect(try known() == tree.files)
    }

    @Test func whatIsThereAgainBeforeItsTreeIsForgottenStays() throws {
        for number in 0..<1_000 { add(ByteString("/w/d/e/\(number)"), .file) }
        try scan(at: 1_000)
        for path in tree.files.keys where path.isWithin("/w/d") { tree.files[path] = nil }
        clock.step = 15_000_000
        let (tree, baseline, clock) = (tree, baseline, clock)
        var isThere = false
        let told = try scan(at: 100_000_000) { result in
            // As an event tells of it.
            if !isThere, result.changes > 0 {
                for path: ByteString in ["/w/d", "/w/d/e", "/w/d/e/999"] {
                    let attributes = sample(9_999, type: path == "/w/d/e/999" ? .file : .directory)
                    tree.files[path] = attributes
                    try? baseline.put(attributes, at: path, seen: clock.next)
                }
                isThere = true
            }
            return true
        }
        #expect(isThere && told.contains("deleted /w/d"))
        #expect(try known() == tree.files)
    }

    @Test func partsOfADirectoryAreListedOnce() throws {
        try scan(at: 1_000)
        add("/w/n", .file)
        tree.files["/w/f"]?.mode = 0o600
        tree.files["/w/d.h"] = nil
        clock.now = 2_000
        let (report, clock) = (report, clock)
        report.changes = []
        let lists = tree.lists
        let scan = TreeScan(
            baseline: baseline, tree: tree, options: ScanOptions(), now: { clock.now },
            report: { report.changes.append($0) })
        _ = try scan.scan(parts: ["/w/d.h", "/w/f", "/w/gone", "/w/n"], of: "/w", isSilent: false)
        #expect(report.changes.map(\.path) == ["/w/d.h", "/w/f", "/w/n"])
        #expect(tree.lists == lists + 1)
    }

    @Test func aLargeFileWhoseContentCannotBeSettledIsNotTakenForUnchanged() throws {
        tree.files["/w/f"]?.size = 1 << 24 + 1
        try scan(at: 1_000)
        #expect(try known()["/w/f"]?.sha256 != nil)
        // Its content and nothing else, while it is being read again and again.
        tree.files["/w/f"]?.changed += 1
        tree.files["/w/f"]?.sha256 = SHA256Digest([UInt8](repeating: 9, count: 32))
        clock.step = 30_000_000
        let tree = tree
        #expect(
            try scan(at: 100_000_000) { _ in
                tree.files["/w/f"]?.changed += 1
                return true
            } == [])
        #expect(try scan(at: 100_000_000_000) == ["modified /w/f"])
        #expect(try known() == tree.files)
    }

    @Test func theRootThatHasGoneIsToldAndItsReturnToo() throws {
        try scan(at: 1_000)
        let files = tree.files
        tree.files = [:]
        #expect(try scan(at: 2_000).count == files.count)
        #expect(try known().isEmpty)
        tree.files = files
        #expect(try scan(at: 3_000).count == files.count)
    }

    @Test func aFirstScanThatWasInterruptedGoesOnInSilence() throws {
        var visited = 0
        try scan(at: 1_000) { _ in
            visited += 1
            return visited < 2
        }
        #expect(try baseline.root("/w") == nil)
        let reads = tree.reads
        #expect(reads > 0)
        tree.files["/w/f"]?.mode = 0o600
        // What it had seen already has a before.
        #expect(try scan(at: 2_000) == ["attributes /w/f"])
        #expect(try known() == tree.files)
        #expect(tree.reads < reads + 4)
    }

    @Test func whatCannotBeReadIsNotTakenForGone() throws {
        try scan(at: 1_000)
        tree.unreadable = ["/w/d"]
        #expect(try scan(at: 2_000).isEmpty)
        #expect(try known() == tree.files)
    }

    @Test func aComparisonLeavesTheBaselineAsItIs() throws {
        try scan(at: 1_000)
        let before = try known()
        tree.files["/w/f"]?.mode = 0o600
        tree.files["/w/d/e/i"] = nil
        add("/w/n", .file)
        var comparing = ScanOptions()
        comparing.updates = false
        let expected = ["attributes /w/f", "created /w/n", "deleted /w/d/e/i"]
        #expect(try scan(at: 2_000, comparing) == expected)
        #expect(try known() == before)
        #expect(try scan(at: 3_000, comparing) == expected)
        #expect(report.changes.first?.interval == 1_000...3_000)
    }

    @Test func whatIsLeftOutIsForgottenInSilence() throws {
        try scan(at: 1_000)
        var options = ScanOptions()
        options.excludes = [PathPattern("*.h"), PathPattern("/w/d/e")]
        #expect(try scan(at: 2_000, options).isEmpty)
        #expect(try known().keys.sorted() == ["/w", "/w/d", "/w/d/g", "/w/f"])
    }

    @Test func entersNoMoreLevelsThanAskedFor() throws {
        var options = ScanOptions()
        options.maximumDepth = 1
        try scan(at: 1_000, options)
        #expect(try known().keys.sorted() == ["/w", "/w/d", "/w/d.h", "/w/d/e", "/w/d/g", "/w/f"])
        options.maximumDepth = 0
        #expect(try baseline.fileCount() == 6)
    }

    @Test func whatTheKernelShowsOfItselfIsNotEntered() throws {
        add("/w/proc", .directory)
        tree.files["/w/proc"]?.device = 9
        add("/w/proc/1", .file)
        try scan(at: 1_000)
        #expect(try baseline.record(of: "/w/proc") != nil)
        #expect(try baseline.record(of: "/w/proc/1") == nil)
    }

    /// Any sequence of changes: each scan tells exactly the differences, and the baseline is the disk afterwards.
    @Test(arguments: 1...20) func theBaselineIsTheDiskAfterEachScan(_ seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        try scan(at: 1_000)
        for round in 0..<15 {
            let before = tree.files
            for _ in 0..<Int.random(in: 1...6, using: &random) { change(&random) }
            let expected = Self.differences(before, tree.files)
            #expect(try scan(at: 2_000 + UInt64(round)) == expected)
            #expect(try known() == tree.files)
        }
    }

    private func change(_ random: inout SeededNumbers) {
        let directories = tree.files.filter { $0.value.type == .directory }.keys.sorted()
        let files = tree.files.filter { $0.value.type == .file }.keys.sorted()
        let parent = directories.randomElement(using: &random) ?? "/w"
        let fresh = parent.appending(ByteString("n\(Int.random(in: 0..<400, using: &random))"))
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where tree.files[fresh] == nil: add(fresh, .file)
        case 1 where tree.files[fresh] == nil: add(fresh, .directory)
        case 2:
            guard let file = files.randomElement(using: &random) else { return }
            tree.files[file]?.mode ^= 0o111
        case 3:
            guard let file = files.randomElement(using: &random) else { return }
            tree.files[file]?.size += 1
        case 4:
            guard let file = files.randomElement(using: &random) else { return }
            tree.files[file] = nil
        default:
            guard parent != "/w" else { return }
            for path in tree.files.keys where path.isWithin(parent) { tree.files[path] = nil }
        }
    }

    private static func differences(
        _ before: [ByteString: FileAttributes], _ after: [ByteString: FileAttributes]
    ) -> [String] {
        var result: [String] = []
        for path in Set(before.keys).union(after.keys) {
            switch (before[path], after[path]) {
            case (nil, _?): result.append("created \(path.text)")
            case (_?, nil): result.append("deleted \(path.text)")
            case (let old?, let new?):
                if let kind = ChangeKind(changed: new.differences(from: old)) {
                    result.append("\(kind.rawValue) \(path.text)")
                }
            case (nil, nil): break
            }
        }
        return result.sorted()
    }
}

@Suite struct PathPatternTests {
    @Test(arguments: [
        ("*.swp", "/etc/.passwd.swp", true), ("*.swp", "/etc/swp", false), ("/etc/mtab", "/etc/mtab", true),
        ("/etc/mtab", "/etc/mtab2", false), ("/home/*/.cache", "/home/a/.cache", true),
        ("/home/*/.cache", "/home/a/b/.cache", false), ("[ab]?", "/x/bz", true), ("mtab", "/etc/mtab", true),
    ])
    func meansWhatTheShellMeans(_ pattern: String, _ path: ByteString, _ isMeant: Bool) {
        #expect(PathPattern(pattern).matches(path) == isMeant)
    }
}

/// The same numbers for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

@Suite struct SuspectsTests {
    @Test func thoseOfADirectoryComeTogether() {
        var suspects = Suspects()
        for path: ByteString in ["/b/2", "/a", "/b/1", "/b/1/x", "/b/3"] {
            #expect(insert(path, 1, in: &suspects))
        }
        suspects.clear("/b/3")
        #expect(insert("/b/4", 2, in: &suspects))
        #expect(pop(&suspects, 4).isEmpty)
        #expect(pop(&suspects, 5) == ["/a"])
        #expect(pop(&suspects, 5) == ["/b/1", "/b/2"])
        #expect(pop(&suspects, 5) == ["/b/1/x"])
        #expect(pop(&suspects, 5).isEmpty)
        #expect(pop(&suspects, 6) == ["/b/4"])
        #expect(suspects.isEmpty)
    }

    @Test func oneThatIsClearedIsNotLookedAtAndCountsNoMore() {
        var suspects = Suspects()
        for round in 0..<UInt64(20_000) {
            #expect(insert(ByteString("/\(round)"), round, in: &suspects))
            suspects.clear(ByteString("/\(round)"))
        }
        #expect(suspects.isEmpty)
        for number in 0..<Suspects.limit { #expect(insert(ByteString("/\(number)"), 1, in: &suspects)) }
        #expect(!insert("/more", 1, in: &suspects))
        #expect(pop(&suspects, 5).count == Suspects.limit)
    }

    private func insert(_ path: ByteString, _ round: UInt64, in suspects: inout Suspects) -> Bool {
        suspects.insert(path, round: round)
    }

    private func pop(_ suspects: inout Suspects, _ round: UInt64) -> [ByteString] {
        suspects.popDue(round: round)
    }
}
