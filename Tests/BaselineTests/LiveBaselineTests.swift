import EventModel
import Testing

@testable import Baseline

/// A disk that holds what a test says, at a time of which it says.
private final class Disk: PathReading {
    var files: [ByteString: FileAttributes] = [:]
    var time: UInt64 = 300

    func attributes(of path: ByteString, digestLimit: UInt64) -> FileAttributes? { files[path] }
}

/// Changes that are told in another order than they happened, and what is done to a file under several names.
@Suite struct LiveBaselineTests {
    private let scratch: Scratch
    private let disk = Disk()
    private let baseline: Baseline
    private let live: LiveBaseline

    /// The baseline was taken at 100; at 300, unless a test says otherwise, everything has happened.
    init() throws {
        scratch = try Scratch()
        baseline = try Baseline(path: scratch.database)
        live = LiveBaseline(baseline: baseline, reader: disk) { [disk] in disk.time }
        try baseline.put(sample(99, type: .directory), at: "/w", seen: 100)
    }

    private func file(_ inode: UInt64, size: UInt64 = 4, links: UInt32 = 1, changed: UInt64 = 50)
        -> FileAttributes
    {
        FileAttributes(
            type: .file, device: 1, inode: inode, mode: 0o644, owner: 0, group: 0, size: size, modified: 50,
            changed: changed, links: links)
    }

    private func know(_ path: ByteString, _ file: FileAttributes) throws {
        try baseline.put(file, at: path, seen: 100)
    }

    /// Tells a change; returns it with what was before and is after.
    @discardableResult private func tell(
        _ kind: ChangeKind, _ path: ByteString, from previous: ByteString? = nil, inode: UInt64?,
        at time: UInt64
    ) throws -> (change: FileChange, aftermath: Aftermath) {
        var change = FileChange(kind: kind, path: path, type: .file, time: time, source: .fanotify)
        (change.previousPath, change.inode) = (previous, inode)
        let aftermath = try live.complete(&change, digestLimit: 0) { _ in true }
        return (change, aftermath)
    }

    private func inode(at path: ByteString) throws -> UInt64? {
        try baseline.record(of: path)?.attributes.inode
    }

    @Test(arguments: [ChangeKind.renamed, .replaced])
    func aMoveThatIsToldLateLeavesTheFileThatTookTheName(_ kind: ChangeKind) throws {
        try know("/w/a", file(1))
        disk.files = ["/w/a": file(2), "/w/b": file(1)]
        try tell(.replaced, "/w/a", inode: 2, at: 200)
        try tell(kind, "/w/b", from: "/w/a", inode: 1, at: 190)
        #expect(try inode(at: "/w/a") == 2)
        #expect(try inode(at: "/w/b") == 1)
    }

    @Test func aMoveThatIsToldEarlyIsNotOfTheFileThatLeftBefore() throws {
        try know("/w/a", file(1))
        disk.files = ["/w/b": file(1), "/w/c": file(2)]
        let early = try tell(.renamed, "/w/c", from: "/w/a", inode: 2, at: 200)
        #expect(early.change.before == nil)
        #expect(early.aftermath == Aftermath(suspects: ["/w/a"]))
        let late = try tell(.renamed, "/w/b", from: "/w/a", inode: 1, at: 190)
        #expect(late.change.before?.inode == 1)
        #expect(try inode(at: "/w/a") == nil)
        #expect(try inode(at: "/w/b") == 1)
        #expect(try inode(at: "/w/c") == 2)
    }

    @Test func anEndThatIsToldLateLeavesTheFileThatTookTheName() throws {
        try know("/w/a", file(1))
        disk.files = ["/w/a": file(2)]
        try tell(.replaced, "/w/a", inode: 2, at: 200)
        #expect(try tell(.deleted, "/w/a", inode: 1, at: 190).change.before == nil)
        #expect(try inode(at: "/w/a") == 2)
    }

    @Test func aFileThatHasAnothersNameByNowIsNotTakenForIt() throws {
        try know("/w/a", file(1))
        try know("/w/b", file(2))
        disk.files = ["/w/b": file(3)]
        let move = try tell(.renamed, "/w/b", from: "/w/a", inode: 1, at: 190)
        #expect(move.change.before?.inode == 1 && move.change.after == nil)
        #expect(move.aftermath == Aftermath(suspects: ["/w/b"]))
        let next = try tell(.replaced, "/w/b", inode: 3, at: 200).change
        #expect(next.before?.inode == 1 && next.after?.inode == 3)
        let late = try tell(.modified, "/w/b", inode: 1, at: 195).change
        #expect(late.before == nil && late.after == nil)
        #expect(try inode(at: "/w/b") == 3)
    }

    @Test(arguments: [nil, "/w/a"] as [ByteString?])
    func whatWasReplacedByAFileThatIsGoneIsGone(_ previous: ByteString?) throws {
        try know("/w/a", file(1))
        try know("/w/b", file(2))
        let change = try tell(.replaced, "/w/b", from: previous, inode: 1, at: 190).change
        #expect(change.before?.inode == 2 && change.after == nil)
        #expect(try inode(at: "/w/b") == (previous == nil ? nil : 1))
    }

    @Test func anEndThatIsToldBeforeTheMoveToItLeavesNothing() throws {
        try know("/w/a", file(1))
        try tell(.deleted, "/w/b", inode: 1, at: 200)
        try tell(.renamed, "/w/b", from: "/w/a", inode: 1, at: 190)
        #expect(try inode(at: "/w/a") == nil)
        #expect(try inode(at: "/w/b") == nil)
    }

    @Test func anEndThatIsToldAfterTheMoveToItSaysWhatThereWas() throws {
        try know("/w/a", file(1))
        try tell(.renamed, "/w/b", from: "/w/a", inode: 1, at: 190)
        #expect(try tell(.deleted, "/w/b", inode: 1, at: 200).change.before?.inode == 1)
        #expect(try inode(at: "/w/b") == nil)
    }

    @Test func aKnownNameAmongScratchIsTakenOut() throws {
        try know("/w/a", file(1))
        try baseline.put(file(2), at: "/w/young", seen: 250)
        var change = FileChange(kind: .deleted, path: "/w/b", type: .file, time: 200, source: .fanotify)
        change.scratchPaths = ["/w/s", "/w/a", "/w/young"]
        #expect(try live.takeKnown(from: &change) == ["/w/a"])
        #expect(change.scratchPaths == ["/w/s", "/w/young"])
    }

    @Test func aRecordFromAClockThatWasAheadIsTakenForOld() throws {
        try baseline.put(file(1), at: "/w/a", seen: 5_000)
        #expect(try tell(.deleted, "/w/a", inode: 1, at: 200).change.before?.inode == 1)
        #expect(try inode(at: "/w/a") == nil)
    }

    /// Whether the end of a name explains what a scan finds at the other.
    private func endExplains(_ after: FileAttributes, toldBefore: FileAttributes? = nil) throws -> Bool {
        try know("/w/a", file(1, links: 2))
        try know("/w/b", file(1, links: 2))
        if let toldBefore {
            (disk.files, disk.time) = (["/w/b": toldBefore], 160)
            try tell(.modified, "/w/b", inode: 1, at: 150)
        }
        #expect(try tell(.deleted, "/w/b", inode: 1, at: 200).aftermath.hasOtherNames)
        return try live.explains(try baseline.record(of: "/w/a"), after)
    }

    @Test func theEndOfANameExplainsThatThereIsOneLess() throws {
        #expect(try endExplains(file(1, changed: 200)))
    }

    @Test func theEndOfANameDoesNotExplainWhatWasWrittenByItBefore() throws {
        #expect(try !endExplains(file(1, size: 9, changed: 200)))
    }

    @Test func whatWasToldUnderOneNameIsExplainedUnderTheOther() throws {
        let told = file(1, size: 9, links: 2, changed: 150)
        #expect(try endExplains(file(1, size: 9, changed: 200), toldBefore: told))
    }

    @Test func whatWasToldOfAFileDoesNotExplainThatItTookAnothersPlace() throws {
        try know("/w/a", file(1))
        try know("/w/b", file(2))
        disk.files = ["/w/a": file(1, size: 9, changed: 150)]
        try tell(.modified, "/w/a", inode: 1, at: 150)
        let after = file(1, size: 9, links: 2, changed: 200)
        #expect(try !live.explains(try baseline.record(of: "/w/b"), after))
    }

    @Test func aNameThatCameAndWentHasOthersLookedFor() throws {
        try know("/w/a", file(1))
        #expect(try tell(.transient, "/w/x", inode: 1, at: 200).aftermath.hasOtherNames)
        #expect(try tell(.transient, "/w/y", inode: nil, at: 200).aftermath == Aftermath())
        #expect(try !live.explains(try baseline.record(of: "/w/a"), file(1, size: 9, changed: 200)))
    }
}
