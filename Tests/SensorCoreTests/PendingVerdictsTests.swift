import EventModel
import Testing

@testable import SensorCore

@Suite struct PendingVerdictsTests {
    private static let second: UInt64 = 1_000_000_000

    private static func change(_ kind: ChangeKind, _ path: ByteString, from previous: ByteString? = nil)
        -> FileChange
    {
        var change = FileChange(kind: kind, path: path, type: .file, time: 0, source: .fanotify)
        change.previousPath = previous
        return change
    }

    /// What dpkg does: a file is made beside its place, and renamed into it.
    private static func unpacking() -> PendingVerdicts {
        var pending = PendingVerdicts()
        pending.append(change(.created, "/a.dpkg-new"), now: 0)
        pending.append(change(.renamed, "/a", from: "/a.dpkg-new"), now: 0)
        pending.append(change(.created, "/b.dpkg-new"), now: 0)
        return pending
    }

    @Test func holdsTheOldNameOfAFileAsLongAsItsRenamingWaits() {
        var pending = Self.unpacking()
        _ = pending.popFirst(1)
        #expect(pending.holds("/a.dpkg-new"))
        #expect(pending.holds(Self.change(.created, "/a.dpkg-new")))
        _ = pending.popFirst(1)
        #expect(!pending.holds("/a.dpkg-new"))
        #expect(!pending.holds("/a"))
        #expect(pending.holds("/b.dpkg-new"))
    }

    @Test func releasesNoRenamingBeforeTheCreation() {
        var pending = Self.unpacking()
        let early = pending.release(now: 2 * Self.second) { change, _ in change.path != "/a.dpkg-new" }
        #expect(early.map(\.path) == ["/b.dpkg-new"])
        let late = pending.release(now: 4 * Self.second) { _, _ in true }
        #expect(late.map(\.path) == ["/a.dpkg-new", "/a"])
        #expect(pending.isEmpty)
    }

    @Test func givesAwayTheOldestAndNoMoreThanThereAre() {
        var pending = Self.unpacking()
        #expect(pending.popFirst(2).map(\.path) == ["/a.dpkg-new", "/a"])
        #expect(pending.popFirst(512).map(\.path) == ["/b.dpkg-new"])
        #expect(pending.isEmpty)
    }
}
