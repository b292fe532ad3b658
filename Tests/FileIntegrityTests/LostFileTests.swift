import EventModel
import Testing

@testable import FileIntegrity

/// The end of a file that was there before the action is told, whatever names it had on the way.
@Suite struct LostFileTests {
    /// What is told, but for the older action, when `move` happens at `time`, and `loss` after what was due
    /// at `settle` has been settled.
    private func play(
        olderAction: ByteString?, at time: UInt64, _ move: (Play) -> Void, settle: UInt64,
        then loss: (Play) -> Void
    ) -> [String] {
        let play = Play()
        if let olderAction { play.event(.modified, olderAction, inode: 9) }
        play.at(time)
        move(play)
        play.settle(at: settle)
        loss(play)
        play.settle(at: 2_000)
        return play.summary.filter { line in olderAction.map { line != "modified \($0.text)" } ?? true }
    }

    @Test(arguments: [nil, "/1/x", "/2/x"] as [ByteString?])
    func aFileMovedToAnotherDirectoryAndDeletedIsDeletedOnce(olderAction: ByteString?) {
        let lines = play(
            olderAction: olderAction, at: 200, { $0.event(.renamed, "/1/f", to: "/2/f", inode: 1) },
            settle: olderAction == "/1/x" ? 250 : 249, then: { $0.event(.deleted, "/2/f", inode: 1) })
        #expect(lines == ["deleted /1/f [/2/f]"])
    }

    @Test func aFileMovedOnAfterItsFirstActionEndedIsDeletedOnce() {
        let lines = play(
            olderAction: "/1/x", at: 200,
            { play in
                play.event(.renamed, "/1/f", to: "/2/f", inode: 1)
                play.at(240)
                play.event(.renamed, "/2/f", to: "/3/f", inode: 1)
            }, settle: 450, then: { $0.event(.deleted, "/3/f", inode: 1) })
        #expect(lines == ["deleted /1/f [/3/f]"])
    }

    @Test func aFileMovedFromAnOlderActionIsRenamedOnce() {
        let lines = play(
            olderAction: "/1/x", at: 200, { $0.event(.renamed, "/1/f", to: "/2/f", inode: 1) }, settle: 250,
            then: { _ in })
        #expect(lines == ["renamed /1/f -> /2/f"])
    }

    @Test func aFileMovedFromAnOlderActionAndOverwrittenIsDeleted() {
        let lines = play(
            olderAction: "/1/x", at: 200, { $0.event(.renamed, "/1/f", to: "/2/f", inode: 1) }, settle: 250,
            then: { $0.event(.renamed, "/2/g", to: "/2/f", inode: 2) })
        #expect(lines == ["renamed /2/g -> /2/f", "deleted /1/f"])
    }

    @Test func aFileMovedAndThenOverwrittenByAnotherIsDeleted() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.renamed, "/w/c", to: "/w/b", inode: 3)
        play.event(.overwroteTarget, "/w/b")
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a", "renamed /w/c -> /w/b"])
        #expect(play.changes.last?.overwroteTarget == true)
    }

    @Test func aFileMovedAndThenOverwrittenByANewOneIsDeleted() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event([.created, .modified, .closedAfterWrite], "/w/t", inode: 3)
        play.event(.renamed, "/w/t", to: "/w/b", inode: 3)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a", "created /w/b"])
    }

    @Test func aFileMovedAndThenOverwrittenFromOutsideIsDeleted() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.movedTo, "/w/b", inode: 3)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a", "created /w/b"])
    }

    @Test func aFileMovedAndThenExchangedIsDeletedUnderItsOldName() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.renamed, "/w/b", to: "/w/c", inode: 1)
        play.event(.renamed, "/w/c", to: "/w/b", inode: 3)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a", "created /w/b", "replaced /w/c"])
    }

    @Test func aFileOverwrittenByOneThatMovesOnIsDeleted() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.overwroteTarget, "/w/b")
        play.event(.renamed, "/w/b", to: "/w/c", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/b", "renamed /w/a -> /w/c"])
    }

    @Test(arguments: [
        (false, ["renamed /w/c -> /w/a", "created /w/b"]), (true, ["renamed /w/c -> /w/a [/w/b]"]),
    ])
    func aMoveToTheNameOfAFileThatWasMovedAsideSaysSo(_ isDeleted: Bool, _ expected: [String]) {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.renamed, "/w/c", to: "/w/a", inode: 3)
        if isDeleted { play.event(.deleted, "/w/b", inode: 1) }
        play.settle(at: 250)
        #expect(play.summary == expected)
        #expect(play.changes.first?.overwroteTarget == true)
    }

    @Test func aMoveToTheNameOfADeletedFileSaysThatItIsGone() {
        let play = Play()
        play.event(.deleted, "/w/b", inode: 2)
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["renamed /w/a -> /w/b"])
        #expect(play.changes.first?.overwroteTarget == true)
    }

    @Test func aBackupThatIsOverwrittenByTheNextStaysABackup() {
        let play = Play()
        for inode in [1, 2] as [UInt64] {
            play.event(.renamed, "/w/f", to: "/w/f~", inode: inode)
            play.event([.created, .modified, .closedAfterWrite], "/w/f", inode: inode + 1)
        }
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f", "created /w/f~"])
    }

    @Test func aNameThatIsMovedToDeletedAndMadeAgainIsCreated() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.deleted, "/w/b", inode: 1)
        play.event(.created, "/w/b", inode: 2)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a", "created /w/b"])
    }

    @Test func aFileMovedTwiceAndThenDeletedIsDeletedUnderItsFirstName() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.renamed, "/w/b", to: "/w/c", inode: 1)
        play.event(.deleted, "/w/c", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a [/w/c]"])
    }

    @Test func aFileMadeAnewAndMovedOnLeavesItsNameDeleted() {
        let play = Play()
        play.event(.deleted, "/w/a", inode: 1)
        play.event([.created, .modified, .closedAfterWrite], "/w/a", inode: 2)
        play.event(.renamed, "/w/a", to: "/w/b", inode: 2)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a", "created /w/b"])
    }

    @Test(arguments: [
        (false, ["created /w/c", "renamed /w/a -> /w/b"]), (true, ["created /w/c", "deleted /w/a [/w/b]"]),
    ])
    func aNameUsedAgainAfterAMoveIsNotDeleted(_ ends: Bool, _ expected: [String]) {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.created, "/w/a", inode: 2)
        play.event(.renamed, "/w/a", to: "/w/c", inode: 2)
        if ends { play.event(.deleted, "/w/b", inode: 1) }
        play.settle(at: 250)
        #expect(play.summary.sorted() == expected)
    }

    @Test func aNameUsedForAWhileAfterAMoveIsNotDeleted() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.created, "/w/a", inode: 2)
        play.event(.deleted, "/w/a", inode: 2)
        play.settle(at: 250)
        #expect(play.summary == ["renamed /w/a -> /w/b"])
    }

    @Test func aBackupThatIsToldAsNewLeavesTheEndOfTheFileToBeTold() {
        let play = Play()
        play.event(.modified, "/2/x", inode: 9)
        play.at(100)
        play.event(.renamed, "/1/a", to: "/2/b", inode: 1)
        play.event(.created, "/1/a", inode: 2)
        play.settle(at: 250)
        play.event(.deleted, "/1/a", inode: 2)
        play.settle(at: 600)
        #expect(play.summary == ["modified /2/x", "created /2/b", "deleted /1/a"])
    }

    @Test(arguments: [
        (false, ["renamed /1/a -> /2/b"]), (true, ["deleted /1/a [/2/b]"]),
    ])
    func aNameUsedForAWhileWaitsForWhatBecomesOfItsFile(_ ends: Bool, _ expected: [String]) {
        let play = Play()
        play.event(.modified, "/1/x", inode: 9)
        play.at(100)
        play.event(.renamed, "/1/a", to: "/2/b", inode: 1)
        play.event(.created, "/1/a", inode: 2)
        play.event(.deleted, "/1/a", inode: 2)
        play.settle(at: 250)
        if ends { play.event(.deleted, "/2/b", inode: 1) }
        play.settle(at: 600)
        #expect(play.summary.filter { $0 != "modified /1/x" } == expected)
    }

    @Test func aFileMovedBackAfterItsMoveWasToldIsMovedAgain() {
        let play = Play()
        play.event([.created, .modified, .closedAfterWrite], "/2/b", inode: 1)
        play.settle(at: 500)
        play.event(.modified, "/1/x", inode: 9)
        play.at(600)
        play.event(.renamed, "/2/b", to: "/1/a", inode: 1)
        play.settle(at: 760)
        play.event(.renamed, "/1/a", to: "/2/b", inode: 1)
        play.settle(at: 2_000)
        #expect(
            play.summary == [
                "created /2/b", "modified /1/x", "renamed /2/b -> /1/a", "renamed /1/a -> /2/b",
            ])
    }

    @Test func aNameUsedAgainAfterTheMoveWasToldIsCreated() {
        let play = Play()
        play.event(.modified, "/1/x", inode: 9)
        play.at(100)
        play.event(.renamed, "/2/b", to: "/1/a", inode: 1)
        play.settle(at: 260)
        play.event(.created, "/2/b", inode: 2)
        play.settle(at: 2_000)
        #expect(play.summary == ["modified /1/x", "renamed /2/b -> /1/a", "created /2/b"])
    }

    @Test(arguments: [1, nil] as [UInt64?]) func aFileMovedAwayAndBackAndDeletedIsDeleted(_ inode: UInt64?) {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: inode)
        play.event(.renamed, "/w/b", to: "/w/a", inode: inode)
        play.event(.deleted, "/w/a", inode: inode)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a"])
    }

    @Test func aFurtherNameThatCameAndWentSaysOfWhichFile() {
        let play = Play()
        play.event([.created, .linked], "/w/x", inode: 7)
        play.event([.modified, .closedAfterWrite], "/w/x", inode: 7)
        play.event(.deleted, "/w/x", inode: 7)
        play.event(.created, "/w/y", inode: 8)
        play.event(.deleted, "/w/y", inode: 8)
        play.settle(at: 250)
        #expect(play.summary == ["transient /w/x", "transient /w/y"])
        #expect(play.changes.map(\.inode) == [7, nil])
    }

    @Test func manyMovesIntoAnotherDirectoryStayWithinTheLimit() {
        let play = Play()
        for number in 0..<5_000 {
            play.event(
                .renamed, ByteString("/1/\(number)"), to: ByteString("/2/\(number)"), inode: UInt64(number))
            #expect(play.pendingCount <= 6_144)
        }
        play.settle(at: 600)
        #expect(play.changes.count == 5_000)
        #expect(play.changes.allSatisfy { $0.kind == .renamed })
        #expect(play.pendingCount == 0)
    }

    @Test func whoEndsAMovedFileDeletesIt() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1, pid: 100)
        play.at(10)
        play.event(.deleted, "/w/b", inode: 1, pid: 200)
        play.settle(at: 600)
        #expect(play.summary == ["deleted /w/a [/w/b]"])
        #expect(play.drafts.first?.actor.pid == 200)
    }
}
