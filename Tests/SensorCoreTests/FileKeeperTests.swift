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

    /// Moves a directory with a file into the tree, and tells of it.
    private func bringIn(_ name: String) throws {
        let outside = home.path + "/outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: outside + "/x"))
        // Its birth has to lie before the move.
        usleep(1_100_000)
        try FileManager.default.moveItem(atPath: outside, toPath: home.tree + "/" + name)
        change(.created, name, type: .directory)
    }

    /// - Parameter isCut: its scan ends early the first time.
    @Test(arguments: [false, true]) func aDirectoryThatArrivesIsTakenInSilence(isCut: Bool) throws {
        try bringIn("arrived")
        if isCut { _ = keeper.work(goesOn: { false }) }
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

    private func baselineRecord(_ name: String) throws -> BaselineRecord? {
        keeper.commitIfDue()
        usleep(600_000)
        keeper.commitIfDue()
        return try Baseline(path: home.database, mayWrite: false).record(of: home.place(name))
    }

    private func grow(_ name: String, to megabytes: Int, byte: UInt8 = 1) throws {
        try home.write(name, "")
        #expect(truncate(home.tree + "/" + name, megabytes << 20) == 0)
        try overwrite(name, byte)
    }

    /// Changes the content, but neither size nor time.
    private func overwrite(_ name: String, _ byte: UInt8) throws {
        var status = stat()
        #expect(stat(home.tree + "/" + name, &status) == 0)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: home.tree + "/" + name))
        try handle.write(contentsOf: Data([byte]))
        try handle.close()
        let times = [status.st_atim, status.st_mtim]
        #expect(utimensat(AT_FDCWD, home.tree + "/" + name, times, 0) == 0)
    }

    @Test func aLargeFileIsToldWithoutItsDigestWhichIsReadLater() throws {
        try grow("large", to: 20)
        change(.created, "large")
        let told = try #require(sink.changes.last)
        #expect(told.isDigestDeferred && told.after?.sha256 == nil)
        pass()
        let digest = try #require(try baselineRecord("large")?.attributes.sha256)
        // Not again for a minute.
        try grow("large", to: 20, byte: 2)
        change(.modified, "large")
        pass()
        #expect(sink.changes.last?.before?.sha256 == digest)
        #expect(try baselineRecord("large")?.attributes.sha256 == nil)
        #expect(self.told == ["created large", "modified large"])
    }

    @Test func contentOfALargeFileThatNoEventToldOfIsFoundWhenItIsReadLater() throws {
        try grow("large", to: 20)
        scan()
        pass()
        sink.events = []
        let next = try Self.makeKeeper(home, sink)
        keeper.finish()
        next.start()
        try overwrite("large", 2)
        chmod(home.tree + "/large", 0o600)
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        next.take(
            .change(
                FileChange(
                    kind: .attributes, path: home.place("large"), type: .file, time: now, source: .fanotify)))
        Self.workOff(next)
        #expect(told == ["attributes large", "modified large"])
        #expect(sink.changes.last?.interval != nil)
        #expect(sink.changes.last?.after?.sha256 != sink.changes.last?.before?.sha256)
        next.finish()
    }

    @Test func aDigestThatAnEndHasPutOffIsReadAfterTheNextStart() throws {
        try grow("large", to: 20)
        change(.created, "large")
        keeper.take(.init(isCaughtUp: true))
        #expect(!keeper.status.isSettled)
        keeper.finish()
        let known = { try Baseline(path: home.database, mayWrite: false).record(of: home.place("large")) }
        #expect(try known() != nil && known()?.attributes.sha256 == nil)
        settle(try Self.makeKeeper(home, sink))
        #expect(try known()?.attributes.sha256 != nil)
        #expect(told == ["created large"])
    }

    @Test func aScanTakesEventsInWhileItReadsALargeFile() throws {
        try grow("large", to: 256)
        scan()
        pass(rounds: 6)
        #expect(told == ["created large"])
        try overwrite("large", 2)
        keeper.finish()
        let next = try Self.makeKeeper(home, sink)
        next.start()
        sink.events = []
        var calls = 0
        let isGoingOn = {
            calls += 1
            return true
        }
        while next.work(goesOn: isGoingOn) {}
        for _ in 0..<6 { next.take(.init(isCaughtUp: true)) }
        calls = 0
        while next.work(goesOn: isGoingOn) {}
        #expect(told == ["modified large"])
        #expect(calls > 3)
        next.finish()
    }

    @Test func liveChangesAreToldAmongThoseOfATreeThatIsGone() throws {
        let count = 6_000
        for number in 0..<count { try home.write("dir/\(number)", "") }
        scan()
        pass()
        #expect(sink.changes.count == count)
        keeper.finish()
        try home.remove("dir")
        // What went five seconds ago is not left to its event.
        var old = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, home.tree, &old, 0) == 0)
        let other = Collector()
        let next = try Self.makeKeeper(home, other)
        next.start()
        for _ in 0..<6 { next.take(.init(isCaughtUp: true)) }
        var live = 0
        let home = home
        let goesOn = {
            guard !other.changes.isEmpty, live < 3 else { return true }
            let now = UInt64(Date().timeIntervalSince1970 * 1e9)
            live += 1
            try? home.write("live\(live)", "")
            next.take(
                .change(
                    FileChange(
                        kind: .created, path: home.place("live\(live)"), type: .file, time: now,
                        source: .fanotify)))
            return true
        }
        while next.work(goesOn: goesOn) {}
        for _ in 0..<6 { next.take(.init(isCaughtUp: true)) }
        while next.work(goesOn: goesOn) {}
        let changes = other.changes
        #expect(changes.count == count + 2 + live && live > 0)
        let last = try #require(changes.lastIndex { $0.source == .fanotify })
        let top = try #require(changes.firstIndex { $0.path == home.place("dir") })
        #expect(last < top && changes[top].kind == .deleted)
        next.finish()
    }

    @Test func aNameThatIsGoneIsToldAlsoWhenTheFileChangedUnderAnother() throws {
        try FileManager.default.linkItem(atPath: home.tree + "/file", toPath: home.tree + "/second")
        change(.linked, "second")
        scan()
        pass()
        try home.write("file", "longer\n")
        // Foundation replaces what it writes: the file is the second name's no more.
        #expect(unlink(home.tree + "/file") == 0)
        try FileManager.default.linkItem(atPath: home.tree + "/second", toPath: home.tree + "/file")
        scan()
        pass()
        sink.events = []
        chmod(home.tree + "/file", 0o600)
        change(.attributes, "file")
        try home.remove("second")
        scan()
        pass()
        #expect(told == ["attributes file", "deleted second"])
    }

    @Test func contentThatMayNotBeKeptAnyMoreIsForgotten() throws {
        keeper.finish()
        settle(try Self.makeKeeper(home, Collector()) { $0.showsDiff = true })
        try home.write("file", "longer\n")
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        let kept = { (name: String) in
            try Baseline(path: home.database, mayWrite: false).content(of: home.place(name)) != nil
        }
        let adjusting = try Self.makeKeeper(home, Collector()) { $0.showsDiff = true }
        settle(adjusting) {
            $0.take(
                .change(
                    FileChange(
                        kind: .modified, path: home.place("file"), type: .file, time: now, source: .fanotify))
            )
        }
        #expect(try kept("file"))
        settle(
            try Self.makeKeeper(home, Collector()) { rule in
                rule.showsDiff = true
                rule.secrets = [PathPattern("file")]
            })
        #expect(try !kept("file"))
    }

    @Test func whatIsMadeInThePlaceOfAnUntoldLossSaysWhatWasThere() throws {
        try home.write("other", "longer\n")
        #expect(rename(home.tree + "/other", home.tree + "/file") == 0)
        change(.created, "file")
        #expect(sink.changes.last?.kind == .created)
        #expect(sink.changes.last?.before?.size == 4 && sink.changes.last?.after?.size == 7)
    }

    @Test func whatComesTooLateIsToldAndFoundAgain() throws {
        try home.write("file", "longer\n")
        keeper.noteEnd(patience: 0)
        change(.modified, "file")
        #expect(told == ["modified file"] && sink.changes[0].severity == .high)
        keeper.finish()
        let other = Collector()
        settle(try Self.makeKeeper(home, other))
        #expect(other.changes.map(\.kind) == [.modified])
    }

    @Test func theModeOfADirectoryThatIsNotMeantIsNoReasonToLookIntoIt() throws {
        keeper.finish()
        let restricted = try Self.makeKeeper(home, Collector()) { $0.restricts = [PathPattern("*.conf")] }
        restricted.start()
        Self.workOff(restricted)
        restricted.commitIfDue()
        usleep(600_000)
        restricted.commitIfDue()
        for (kind, isSettled) in [(ChangeKind.attributes, true), (.deleted, false)] {
            restricted.take(
                .change(
                    FileChange(
                        kind: kind, path: home.place("dir"), type: .directory, time: 1, source: .fanotify)))
            restricted.take(.init(isCaughtUp: false))
            #expect(restricted.status.isSettled == isSettled)
        }
        restricted.finish()
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
    private func settle(
        _ keeper: FileKeeper<DiskTree>, _ meanwhile: (FileKeeper<DiskTree>) -> Void = { _ in }
    ) {
        keeper.start()
        Self.workOff(keeper)
        meanwhile(keeper)
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
