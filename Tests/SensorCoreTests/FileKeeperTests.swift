import Baseline
import EventModel
import FileReading
import Foundation
import Testing

@testable import SensorCore

/// Keeps what comes out.
private final class Collector: EventSink {
    var events: [SensorEvent] = []
    var isFull = false

    func take(_ event: SensorEvent) { events.append(event) }
    func flush() {}
    func settle(patience: Int32) -> Bool { !isFull }

    var changes: [FileChange] {
        events.compactMap { event in
            if case .change(let change) = event { change } else { nil }
        }
    }
    var scans: [ScanReport] {
        events.compactMap { event in
            if case .scan(let report) = event { report } else { nil }
        }
    }
    /// What coverage says of the cost and the remedy of each state that is not live.
    var advice: [String] {
        events.compactMap { event in
            if case .coverage(let entry, _, _) = event, entry.state != .live { entry.advice } else { nil }
        }
    }
    var states: [CoverageState] {
        events.compactMap { event in
            if case .coverage(let entry, _, _) = event { entry.state } else { nil }
        }
    }
}

/// A directory of its own, with a tree to be watched and a place for the database.
private final class Home {
    let path: String
    var tree: String { path + "/tree" }
    var database: String { path + "/state.db" }

    init() throws {
        path = NSTemporaryDirectory() + "vedette-keeper-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path + "/tree/dir", withIntermediateDirectories: true)
        try write("file", "one\n")
        try write("dir/inner", "two\n")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: tree + "/" + name))
    }

    func place(_ name: String) -> ByteString { ByteString(tree + "/" + name) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: tree + "/" + name) }
}

@Suite struct FileKeeperTests {
    private let home: Home
    private let sink = Collector()
    private let keeper: FileKeeper<DiskTree>

    init() throws {
        home = try Home()
        keeper = try Self.makeKeeper(home, sink)
        keeper.start()
        Self.workOff(keeper)
        sink.events = []
    }

    private static func makeKeeper(
        _ home: Home, _ sink: Collector, digest: UInt64? = nil, adjust: (inout WatchRule) -> Void = { _ in }
    ) throws -> FileKeeper<DiskTree> {
        var rule = WatchRule(path: ByteString(home.tree))
        rule.severity = .high
        rule.tags = ["test"]
        adjust(&rule)
        var options = FileKeeper<DiskTree>.Options(rules: WatchRules([rule]))
        options.rulesDigest = digest
        return FileKeeper(
            file: BaselineFile(path: home.database), options: options, tree: DiskTree(), reader: PathReader(),
            sink: sink)
    }

    private static func workOff(_ keeper: FileKeeper<DiskTree>) { while keeper.work(goesOn: { true }) {} }

    /// So many seconds in which everything was taken in.
    private func pass(rounds: Int = 6) {
        for _ in 0..<rounds { keeper.take(.init(isCaughtUp: true)) }
        Self.workOff(keeper)
    }

    private func change(
        _ kind: ChangeKind, _ name: String, from previous: String? = nil, type: FileType = .file
    ) {
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        var change = FileChange(kind: kind, path: home.place(name), type: type, time: now, source: .fanotify)
        change.previousPath = previous.map { home.place($0) }
        keeper.take(.change(change))
    }

    @Test func keepsTheDigestsThatAReloadAsksFor() throws {
        var options = FileKeeper<DiskTree>.Options(
            rules: WatchRules([WatchRule(path: ByteString(home.tree))]))
        options.digests = [.md5]
        keeper.use(options)
        try home.write("file", "abc")
        change(.modified, "file")
        let after = try #require(sink.changes.first?.after)
        #expect(after.furtherDigests?.hexadecimal(of: .md5) == "900150983cd24fb0d6963f7d28e17f72")
        sink.events = []
        scan()
        keeper.finish()
        #expect(sink.changes.isEmpty)
        let record = try Baseline(path: home.database, mayWrite: false).record(of: home.place("dir/inner"))
        #expect(record?.attributes.furtherDigests?.set == [.md5])
    }

    private var told: [String] { sink.changes.map { "\($0.kind.rawValue) \(($0.path.lastComponent).text)" } }

    private func scan() {
        #expect(keeper.requestScan(of: nil))
        Self.workOff(keeper)
    }

    /// Whether a scan finds nothing that the baseline does not have.
    private func isTrue() throws -> Bool {
        keeper.finish()
        let other = Collector()
        let fresh = try Self.makeKeeper(home, other)
        fresh.start()
        for _ in 0..<6 { fresh.take(.init(isCaughtUp: true)) }
        Self.workOff(fresh)
        for _ in 0..<6 { fresh.take(.init(isCaughtUp: true)) }
        Self.workOff(fresh)
        return other.changes.isEmpty && other.scans.first?.isFirst == false
    }

    @Test func aChangeTellsWhatWasBeforeAndIsNow() throws {
        try home.write("file", "longer\n")
        change(.modified, "file")
        let told = try #require(sink.changes.first)
        #expect(told.before?.size == 4)
        #expect(told.after?.size == 7)
        #expect(told.before?.sha256 != told.after?.sha256)
        #expect(told.severity == .high)
        #expect(told.tags == ["test"])
        #expect(try isTrue())
    }

    @Test func whatAnEventTellsTheScanDoesNot() throws {
        try home.write("file", "longer\n")
        try home.write("new", "new\n")
        try home.remove("dir/inner")
        scan()
        #expect(told.isEmpty)
        change(.modified, "file")
        change(.created, "new")
        change(.deleted, "dir/inner")
        pass()
        #expect(told == ["modified file", "created new", "deleted inner"])
        #expect(sink.changes.allSatisfy { $0.source == .fanotify })
        #expect(try isTrue())
    }

    @Test func whatReplacesAFileLeavesNothingUnderItsOldName() throws {
        try home.write("file.new", "longer\n")
        change(.created, "file.new")
        #expect(rename(home.tree + "/file.new", home.tree + "/file") == 0)
        change(.replaced, "file", from: "file.new")
        #expect(sink.changes.last?.before?.size == 4)
        #expect(try isTrue())
    }

    @Test func whatNoEventTellsTheScanDoes() throws {
        try home.write("file", "longer\n")
        try home.write("new", "new\n")
        try home.remove("dir/inner")
        scan()
        #expect(told.isEmpty)
        pass()
        #expect(told.sorted() == ["created new", "deleted inner", "modified file"])
        #expect(sink.changes.allSatisfy { $0.source == .scan && $0.interval != nil && $0.severity == .high })
        #expect(try isTrue())
    }

    private var now: UInt64 { UInt64(Date().timeIntervalSince1970 * 1e9) }

    @Test func theIntervalHoldsTheChangeAlsoWhenItWasLeftToItsEvent() throws {
        let before = now
        try home.write("new", "new\n")
        scan()
        pass()
        let first = try #require(sink.changes.last?.interval)
        #expect(first.lowerBound <= before)
        // All was told that the last scan found: what is found now happened later.
        try home.write("newer", "new\n")
        let scanned = now
        scan()
        pass()
        let second = try #require(sink.changes.last?.interval)
        #expect(before < second.lowerBound && second.lowerBound < scanned)
    }

    @Test func theIntervalHoldsTheChangeAlsoAfterAKill() throws {
        let before = now
        try home.write("new", "new\n")
        scan()
        #expect(told.isEmpty)
        // Killed before it looked again.
        let other = Collector()
        let next = try Self.makeKeeper(home, other)
        next.start()
        Self.workOff(next)
        for _ in 0..<6 { next.take(.init(isCaughtUp: true)) }
        Self.workOff(next)
        #expect(try #require(other.changes.last?.interval).lowerBound <= before)
    }

    @Test func nothingIsJudgedWhileEventsWaitInTheKernel() throws {
        try home.write("file", "longer\n")
        scan()
        for _ in 0..<20 { keeper.take(.init(isCaughtUp: false)) }
        Self.workOff(keeper)
        #expect(told.isEmpty)
    }

    @Test func aDirectoryIsMovedWithAllThatIsInIt() throws {
        try FileManager.default.moveItem(atPath: home.tree + "/dir", toPath: home.tree + "/moved")
        change(.renamed, "moved", from: "dir", type: .directory)
        try home.write("moved/inner", "three!\n")
        change(.modified, "moved/inner")
        pass()
        #expect(told == ["renamed moved", "modified inner"])
        #expect(sink.changes.last?.before?.size == 4)
        #expect(try isTrue())
    }

    @Test func aDirectoryThatArrivesIsTakenInSilence() throws {
        let outside = home.path + "/outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: outside + "/x"))
        // Its birth has to lie before the move.
        usleep(1_100_000)
        try FileManager.default.moveItem(atPath: outside, toPath: home.tree + "/arrived")
        change(.created, "arrived", type: .directory)
        pass()
        #expect(told == ["created arrived"])
        #expect(try isTrue())
    }

    @Test func aFurtherLinkIsNoChangeOfTheFirst() throws {
        try FileManager.default.linkItem(atPath: home.tree + "/file", toPath: home.tree + "/second")
        change(.linked, "second")
        pass()
        scan()
        pass()
        #expect(told == ["linked second"])
        #expect(try isTrue())
    }

    @Test func aDeletedDatabaseIsPutBackWithAllItHad() throws {
        try home.write("file", "longer\n")
        change(.modified, "file")
        pass()
        sink.events = []
        for suffix in ["", "-wal", "-shm"] { unlink(home.database + suffix) }
        pass()
        #expect(sink.states.count == 2)
        #expect(sink.states.last == .live)
        #expect(FileManager.default.fileExists(atPath: home.database))
        #expect(!sink.advice.isEmpty && sink.advice.allSatisfy { $0.contains(". ") || $0.contains("; ") })
        // Nothing is new to it.
        #expect(sink.scans.allSatisfy { !$0.isFirst && $0.changes == 0 })
        #expect(try isTrue())
    }

    @Test func aDamagedDatabaseIsKeptAndMadeAnew() throws {
        keeper.finish()
        try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: home.database))
        for suffix in ["-wal", "-shm"] { unlink(home.database + suffix) }
        let other = Collector()
        let next = try Self.makeKeeper(home, other)
        next.start()
        Self.workOff(next)
        #expect(other.scans.map(\.isFirst) == [true])
        #expect(other.changes.isEmpty)
        #expect(other.advice.count == 1 && other.advice[0].contains("cannot be told"))
        let names = try FileManager.default.contentsOfDirectory(atPath: home.path)
        #expect(names.contains { $0.hasPrefix("state.db.damaged-") })
    }

    @Test func nothingIsWrittenThatHasNotBeenToldForSure() throws {
        sink.isFull = true
        try home.write("file", "longer\n")
        change(.modified, "file")
        for _ in 0..<3 { keeper.take(.init(isCaughtUp: true)) }
        keeper.finish()
        // The next start finds the change again: better twice than never.
        let other = Collector()
        let next = try Self.makeKeeper(home, other)
        next.start()
        Self.workOff(next)
        for _ in 0..<6 { next.take(.init(isCaughtUp: true)) }
        Self.workOff(next)
        #expect(other.changes.map(\.kind) == [.modified])
    }

    @Test func onlyWhatIsMeantIsToldAndKept() throws {
        let other = Collector()
        let tree = home.tree
        unlink(home.database)
        let picky = try Self.makeKeeper(home, other) { rule in
            rule.path = ByteString(tree)
            rule.excludes = [PathPattern("*.swp")]
            rule.maximumDepth = 0
        }
        picky.start()
        Self.workOff(picky)
        for (name, isTold) in [("a.swp", false), ("dir/inner", false), ("file", true)] {
            other.events = []
            let change = FileChange(
                kind: .modified, path: home.place(name), type: .file, time: 1, source: .fanotify)
            picky.take(.change(change))
            #expect(other.changes.isEmpty != isTold, "\(name)")
        }
    }

    @Test func otherRulesAreNoChangesOfFiles() throws {
        keeper.finish()
        let other = Collector()
        try home.write("left-out", "x\n")
        let first = try Self.makeKeeper(home, other, digest: 1) { $0.excludes = [PathPattern("left-out")] }
        settle(first)
        // What was left out and is not any more was there before; what is left out now may come and go.
        let second = try Self.makeKeeper(home, other, digest: 2) { $0.excludes = [PathPattern("inner")] }
        try home.remove("dir/inner")
        settle(second)
        #expect(other.changes.isEmpty)
        #expect(try isTrue())
    }

    @Test func filesOfARestrictedWatchGoWithTheirDirectory() throws {
        keeper.finish()
        for suffix in ["", "-wal", "-shm"] { unlink(home.database + suffix) }
        try home.write("dir/a.conf", "x\n")
        let only: (inout WatchRule) -> Void = { $0.restricts = [PathPattern("*.conf")] }
        settle(try Self.makeKeeper(home, Collector(), adjust: only))
        try home.remove("dir")
        let other = Collector()
        settle(try Self.makeKeeper(home, other, adjust: only))
        #expect(
            other.changes.map { "\($0.kind.rawValue) \($0.path.lastComponent.text)" } == ["deleted a.conf"])
    }

    /// Runs one from its start until it has nothing more to do.
    private func settle(_ keeper: FileKeeper<DiskTree>) {
        keeper.start()
        Self.workOff(keeper)
        for _ in 0..<6 { keeper.take(.init(isCaughtUp: true)) }
        Self.workOff(keeper)
        keeper.finish()
    }

    @Test func aPlaceThatNobodyHasMadeYetIsScannedAndWhatAppearsThereIsNew() throws {
        let sink = Collector()
        let other = try Home()
        let keeper = try Self.makeKeeper(other, sink) { $0 = WatchRule(path: other.place("none/keys")) }
        keeper.start()
        Self.workOff(keeper)
        #expect(sink.scans.map(\.unreadable) == [0])
        try FileManager.default.createDirectory(
            atPath: other.tree + "/none", withIntermediateDirectories: false)
        try other.write("none/keys", "one")
        #expect(keeper.requestScan(of: nil))
        Self.workOff(keeper)
        for _ in 0..<8 { keeper.take(.init(isCaughtUp: true)) }
        Self.workOff(keeper)
        #expect(sink.changes.map(\.kind) == [.created])
    }

    @Test(arguments: [(tags: ["x"], severity: Severity.info), (WatchRule.selfProtection, .critical)])
    func whatAPackageReplacesIsLowUnlessItIsTheSensor(tags: [String], severity: Severity) throws {
        let sink = Collector()
        let other = try Home()
        let keeper = try Self.makeKeeper(other, sink) {
            ($0.tags, $0.severity) = (tags, .critical)
        }
        keeper.start()
        Self.workOff(keeper)
        var change = FileChange(
            kind: .modified, path: other.place("file"), type: .file, time: 1, source: .fanotify)
        change.package = PackageVerdict(
            manager: .dpkg, package: nil, judgement: .expected, reason: .contentMatches, transaction: nil)
        keeper.take(.change(change))
        #expect(sink.changes.map(\.severity) == [severity])
        #expect(keeper.status.ownChanges == (severity == .critical ? 1 : 0))
    }
}

@Suite struct ScanPlanTests {
    private let second: UInt64 = 1_000_000_000

    @Test func aLossIsAnsweredWhenItIsOver() {
        var plan = ScanPlan(roots: ["/a", "/b"], interval: nil, startsAt: 0)
        plan.noteGap(at: 1 * second)
        #expect(!plan.isIdle)
        #expect(plan.next(now: 2 * second) == nil)
        plan.noteGap(at: 2 * second)
        #expect(plan.next(now: 3 * second) == nil)
        #expect(plan.next(now: 4 * second) == .init(root: "/a", reason: .gap))
        #expect(plan.next(now: 4 * second) == .init(root: "/b", reason: .gap))
        #expect(plan.next(now: 4 * second) == nil)
        #expect(plan.isIdle)
    }

    @Test func lossesWithoutEndAreAnsweredAfterAMinute() {
        var plan = ScanPlan(roots: ["/a"], interval: nil, startsAt: 0)
        for moment in 0..<60 { plan.noteGap(at: UInt64(moment) * second) }
        #expect(plan.next(now: 59 * second) == nil)
        plan.noteGap(at: 60 * second)
        #expect(plan.next(now: 60 * second)?.reason == .gap)
    }

    @Test func everythingIsScannedOnceInAnInterval() {
        var plan = ScanPlan(roots: ["/a"], interval: 10 * second, startsAt: 0)
        #expect(plan.next(now: 9 * second) == nil)
        #expect(plan.next(now: 10 * second)?.reason == .periodic)
        #expect(plan.next(now: 19 * second) == nil)
        #expect(plan.next(now: 20 * second)?.reason == .periodic)
    }

    @Test func aTreeIsNotQueuedTwice() {
        var plan = ScanPlan(roots: ["/a"], interval: nil, startsAt: 0)
        plan.request(reason: .start)
        plan.request("/a", reason: .request)
        #expect(plan.next(now: 0) == .init(root: "/a", reason: .start))
        #expect(plan.next(now: 0) == nil)
    }
}
