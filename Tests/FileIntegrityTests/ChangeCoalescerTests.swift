import EventModel
import Testing

@testable import FileIntegrity

/// Sequences as the kernel reports them (recorded on Linux 6.18, ext4), and the one change that each action is.
@Suite struct ChangeCoalescerTests {
    @Test func aFinishedWriteGoesOutWithoutTheWindow() {
        let play = Play()
        play.event([.modified, .closedAfterWrite], "/w/f", inode: 1)
        play.settle(at: 4)
        #expect(play.summary == ["modified /w/f"])
    }

    @Test func aCreatedFileWaitsForTheWindow() {
        let play = Play()
        play.event([.created, .modified, .closedAfterWrite], "/w/f", inode: 1)
        play.settle(at: 249)
        #expect(play.summary.isEmpty)
        play.settle(at: 250)
        #expect(play.summary == ["created /w/f"])
    }

    @Test func aTemporaryFileRenamedOverAnotherReplacesIt() {
        let play = Play()
        play.event(.created, "/w/sedK", inode: 12)
        play.event(.attributes, "/w/sedK", inode: 12)
        play.event([.modified, .closedAfterWrite], "/w/sedK", inode: 12)
        play.event(.renamed, "/w/sedK", to: "/w/f", inode: 12)
        play.event(.overwroteTarget, "/w/f")
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f"])
    }

    @Test func aTemporaryFileRenamedToANewNameIsCreated() {
        let play = Play()
        play.event([.created, .modified, .closedAfterWrite], "/w/.f.Xy12", inode: 12)
        play.event(.renamed, "/w/.f.Xy12", to: "/w/f", inode: 12)
        play.settle(at: 250)
        #expect(play.summary == ["created /w/f"])
    }

    @Test func aLinkedBackupTellsThatTheNewFileReplacesAnOldOne() {
        let play = Play()
        play.event([.created, .modified, .closedAfterWrite], "/w/f.dpkg-new", inode: 12)
        play.event([.created, .linked], "/w/f.dpkg-tmp", inode: 1)
        play.event(.renamed, "/w/f.dpkg-new", to: "/w/f", inode: 12)
        play.event(.deleted, "/w/f.dpkg-tmp", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f [/w/f.dpkg-tmp]"])
    }

    @Test func aMoveOverAFileThatAnotherProcessMadeIsARename() {
        let play = Play()
        play.event([.created, .modified, .closedAfterWrite], "/w/old", inode: 12, pid: 100)
        play.settle(at: 250)
        play.event(.renamed, "/w/old", to: "/w/new", inode: 12, pid: 200)
        play.event(.overwroteTarget, "/w/new", pid: 200)
        play.settle(at: 600)
        #expect(play.changes.last?.kind == .renamed)
        #expect(play.changes.last?.previousPath == "/w/old")
    }

    @Test func unlinkAndCreateReplaces() {
        let play = Play()
        play.event(.deleted, "/w/f", inode: 1)
        play.event([.created, .modified, .closedAfterWrite], "/w/f", inode: 2)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f"])
    }

    @Test func anEditorThatMovesTheOldFileAsideReplaces() {
        let play = Play()
        play.event([.created, .deleted], "/w/4913", inode: 9)
        play.event(.renamed, "/w/f", to: "/w/f~", inode: 1)
        play.event([.created, .modified, .closedAfterWrite], "/w/f", inode: 2)
        play.event(.deleted, "/w/f~", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f [/w/4913 /w/f~]"])
    }

    @Test func anEditorThatKeepsItsBackupCreatesIt() {
        let play = Play()
        play.event(.renamed, "/w/f", to: "/w/f~", inode: 1)
        play.event([.created, .modified, .closedAfterWrite], "/w/f", inode: 2)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f", "created /w/f~"])
    }

    @Test func anEditorThatWritesInPlaceModifies() {
        let play = Play()
        play.event([.created, .deleted, .closedAfterWrite], "/w/.f.swp", inode: 12)
        play.event(.modified, "/w/f", inode: 1)
        play.event(.attributes, "/w/f", inode: 1)
        play.event(.closedAfterWrite, "/w/f", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["modified /w/f [/w/.f.swp]"])
        #expect(play.changes.first?.alsoChangedAttributes == true)
    }

    @Test func aMoveIsARename() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/d/b", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["renamed /w/a -> /w/d/b"])
        #expect(play.changes.first?.overwroteTarget == false)
    }

    @Test func aMoveOverAnotherFileSaysSo() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.overwroteTarget, "/w/b")
        play.settle(at: 250)
        #expect(play.summary == ["renamed /w/a -> /w/b"])
        #expect(play.changes.first?.overwroteTarget == true)
    }

    @Test func aMoveThereAndBackIsNothing() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.renamed, "/w/b", to: "/w/a", inode: 1)
        play.settle(at: 250)
        #expect(play.summary.isEmpty)
    }

    @Test func aFileMovedAndThenDeletedIsDeletedUnderItsOldName() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.deleted, "/w/b", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /w/a [/w/b]"])
    }

    @Test func anExchangeReplacesBoth() {
        let play = Play()
        play.event(.renamed, "/w/a", to: "/w/b", inode: 1)
        play.event(.renamed, "/w/b", to: "/w/a", inode: 2)
        play.settle(at: 250)
        #expect(play.summary.sorted() == ["replaced /w/a", "replaced /w/b"])
    }

    @Test func aHardLinkIsALink() {
        let play = Play()
        play.disk.states["/w/h"] = DiskPicture.file(inode: 1, links: 2)
        play.event(.created, "/w/h", inode: 1)
        play.settle(at: 250)
        #expect(play.summary == ["linked /w/h"])
    }

    @Test func lockFilesOfOneActionAreItsScratch() {
        let play = Play()
        play.event([.created, .modified], "/e/passwd.77", inode: 5)
        play.event(.created, "/e/passwd.lock", inode: 5)
        play.event(.deleted, "/e/passwd.77", inode: 5)
        play.event([.created, .modified, .closedAfterWrite], "/e/passwd+", inode: 6)
        play.event(.renamed, "/e/passwd+", to: "/e/passwd", inode: 6)
        play.event(.overwroteTarget, "/e/passwd")
        play.event(.deleted, "/e/passwd.lock", inode: 5)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /e/passwd [/e/passwd.77 /e/passwd.lock]"])
    }

    @Test func whatCameAndWentAloneIsTransient() {
        let play = Play()
        play.event([.created, .modified, .deleted], "/w/t", inode: 3)
        play.settle(at: 250)
        #expect(play.summary == ["transient /w/t"])
    }

    @Test func anotherProcessMakesAnotherChange() {
        let play = Play()
        play.event([.created, .closedAfterWrite], "/w/f", inode: 1, pid: 100)
        play.event([.modified, .closedAfterWrite], "/w/f", inode: 1, pid: 200)
        #expect(play.summary == ["created /w/f"])
        play.settle(at: 4)
        #expect(play.summary == ["created /w/f", "modified /w/f"])
    }

    @Test func anotherProcessMayFinishAReplace() {
        let play = Play()
        play.event([.created, .modified, .closedAfterWrite], "/w/f.tmp", inode: 2, pid: 100)
        play.event(.renamed, "/w/f.tmp", to: "/w/f", inode: 2, pid: 200)
        play.event(.overwroteTarget, "/w/f", pid: 200)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /w/f"])
    }

    @Test func aCloseWithoutAWriteIsNoChange() {
        let play = Play()
        play.disk.states["/w/f"] = DiskPicture.file(inode: 1, modified: 5)
        play.event(.closedAfterWrite, "/w/f", inode: 1)
        play.settle(at: 250)
        #expect(play.summary.isEmpty)
    }

    @Test func aStoreThroughAMappingShowsAtClose() {
        let play = Play()
        play.disk.states["/w/f"] = DiskPicture.file(inode: 1, modified: 2_000_000_000)
        play.event(.closedAfterWrite, "/w/f", inode: 1)
        play.settle(at: 4)
        #expect(play.summary == ["modified /w/f"])
        play.event(.closedAfterWrite, "/w/f", inode: 1)
        play.settle(at: 250)
        #expect(play.changes.count == 1)
    }

    @Test func ownerAndModeInOneBreathAreOneChange() {
        let play = Play()
        play.event(.attributes, "/w/f", inode: 1)
        play.at(2)
        play.event(.attributes, "/w/f", inode: 1)
        play.settle(at: 20)
        #expect(play.summary == ["attributes /w/f"])
    }

    @Test func anOpenLogIsReportedAtTheEndOfTheWindow() {
        let play = Play()
        play.event(.modified, "/w/log", inode: 1)
        play.settle(at: 249)
        #expect(play.summary.isEmpty)
        play.settle(at: 250)
        #expect(play.summary == ["modified /w/log"])
    }

    @Test func aReportedCreationRenamedOverAFileReplacesIt() {
        let play = Play()
        play.disk.states["/w/f.dpkg-new"] = DiskPicture.file(inode: 2)
        play.event([.created, .modified, .closedAfterWrite], "/w/f.dpkg-new", inode: 2)
        play.settle(at: 250)
        play.at(2_000)
        play.event(.renamed, "/w/f.dpkg-new", to: "/w/f", inode: 2)
        play.event(.overwroteTarget, "/w/f")
        play.settle(at: 2_250)
        #expect(play.summary == ["created /w/f.dpkg-new", "replaced /w/f.dpkg-new -> /w/f"])
    }
}

/// Names of the form that the kernel gives to files without one: `#` and the inode.
@Suite struct UnlinkedNameTests {
    @Test func writesToAFileWithoutANameAreToldWhenItGetsOne() {
        let play = Play()
        play.event([.modified, .attributes, .closedAfterWrite], "/w/#77", inode: 77)
        play.settle(at: 250)
        #expect(play.summary.isEmpty)
        // linkat(2) counts as a link for the kernel.
        play.event([.created, .linked], "/w/f", inode: 77)
        play.settle(at: 500)
        #expect(play.summary == ["created /w/f"])
        play.event([.created, .linked], "/w/g", inode: 77)
        play.settle(at: 800)
        #expect(play.summary == ["created /w/f", "linked /w/g"])
    }

    @Test func writesToAFileWithoutANameAreNotToldWhereTheInodeIsUnknown() {
        let play = Play()
        play.event([.modified, .closedAfterWrite], "/w/#77")
        play.event([.modified, .closedAfterWrite], "/w/#77", inode: 0)
        play.settle(at: 250)
        #expect(play.summary.isEmpty)
    }

    @Test func aNamedFileIsMovedOverAnother() {
        let play = Play()
        play.event(.renamed, "/w/#1", to: "/w/shadow", inode: 7)
        play.event(.overwroteTarget, "/w/shadow")
        play.settle(at: 250)
        #expect(play.summary == ["renamed /w/#1 -> /w/shadow"])
    }

    @Test(
        arguments: [
            (.deleted, "deleted"), (.movedFrom, "deleted"), (.created, "created"), (.movedTo, "created"),
            ([.created, .deleted], "transient"), ([.modified, .deleted], "deleted"),
        ] as [(FileOperations, String)])
    func entriesOfDirectoriesAreTold(operations: FileOperations, kind: String) {
        let play = Play()
        play.event(operations, "/w/#7", inode: 7)
        play.settle(at: 250)
        #expect(play.summary == ["\(kind) /w/#7"])
    }

    @Test(arguments: ["/w/#8", "/w/#07", "/w/#78", "/w/#99999999999999999999999"] as [ByteString])
    func writesToAFileOfAnotherNumberAreTold(path: ByteString) {
        let play = Play()
        play.event([.modified, .closedAfterWrite], path, inode: 7)
        play.settle(at: 250)
        #expect(play.summary == ["modified \(path.text)"])
    }
}

/// What overlayfs does in its upper layer, seen as what the container did.
@Suite struct OverlayCoalescingTests {
    private func overlay() -> Play {
        let play = Play()
        play.disk.work = "/o/work"
        play.disk.lower["/o/upper/etc/f"] = DiskPicture.file(inode: 50)
        return play
    }

    @Test func aCopyUpThatOnlyCopiesIsNoChange() {
        let play = overlay()
        play.disk.states["/o/upper/etc/f"] = DiskPicture.file(inode: 60)
        play.event([.modified, .attributes], "/o/work/work/#3", inode: 60)
        play.event(.created, "/o/upper/etc/f", inode: 60)
        play.settle(at: 250)
        #expect(play.summary.isEmpty)
    }

    @Test func anAppendInAContainerIsAModification() {
        let play = overlay()
        play.disk.states["/o/upper/etc/f"] = DiskPicture.file(inode: 60, modified: 9, size: 2)
        play.event(.created, "/o/upper/etc/f", inode: 60)
        play.event([.modified, .closedAfterWrite], "/o/upper/etc/f", inode: 60)
        play.settle(at: 250)
        #expect(play.summary == ["modified /o/upper/etc/f"])
    }

    @Test func anAppendInAContainerIsOneModificationHoweverLateItsEventsCome() {
        let play = overlay()
        play.disk.states["/o/upper/etc/f"] = DiskPicture.file(inode: 60, modified: 9, size: 2)
        play.event(.created, "/o/upper/etc/f", inode: 60)
        play.settle(at: 10)
        play.event([.modified, .closedAfterWrite], "/o/upper/etc/f", inode: 60)
        play.settle(at: 250)
        #expect(play.summary == ["modified /o/upper/etc/f"])
    }

    @Test func aReplaceInAContainerIsAReplace() {
        let play = overlay()
        play.event([.created, .modified, .closedAfterWrite], "/o/upper/etc/sedA", inode: 61)
        play.event(.renamed, "/o/upper/etc/sedA", to: "/o/upper/etc/f", inode: 61)
        play.settle(at: 250)
        #expect(play.summary == ["replaced /o/upper/etc/f"])
    }

    @Test func aWhiteoutIsADeletion() {
        let play = overlay()
        var whiteout = DiskPicture.file(inode: 62)
        whiteout.isWhiteout = true
        play.disk.states["/o/upper/etc/f"] = whiteout
        play.event(.created, "/o/work/work/#4", inode: 62)
        play.event(.renamed, "/o/work/work/#4", to: "/o/upper/etc/f", inode: 62)
        play.settle(at: 250)
        #expect(play.summary == ["deleted /o/upper/etc/f"])
    }

    @Test func overlayMarksOnDirectoriesAreNoChange() {
        let play = Play()
        var attributes = VisibleAttributes(mode: 0o755, owner: 0, group: 0, extended: 0)
        play.disk.upperAttributes["/upper/etc"] = attributes
        play.disk.lowerAttributes["/upper/etc"] = attributes
        play.disk.states["/upper/etc"] = DiskPicture.file(inode: 7)
        play.event(.attributes, "/upper/etc", inode: 7, isDirectory: true)
        play.settle(at: 300)
        #expect(play.summary.isEmpty)
        // What a user changes there is one, and so is the way back.
        for mode in [0o700, 0o755] as [UInt32] {
            attributes.mode = mode
            play.disk.upperAttributes["/upper/etc"] = attributes
            play.event(.attributes, "/upper/etc", inode: 7, isDirectory: true)
            play.settle(at: 300 + UInt64(mode))
        }
        #expect(play.summary == ["attributes /upper/etc", "attributes /upper/etc"])
    }

    @Test func aCopyUpWhoseWriteNobodyTellsOfIsAModification() {
        let play = Play()
        play.disk.work = "/work"
        play.disk.lower["/upper/conf"] = DiskPicture.file(inode: 3)
        play.disk.states["/upper/conf"] = DiskPicture.file(inode: 7)
        play.event(.renamed, "/work/#1", to: "/upper/conf", inode: 7)
        // The write comes after the copy, and the kernel is silent about it.
        play.disk.states["/upper/conf"] = DiskPicture.file(inode: 7, modified: 9, size: 5)
        play.settle(at: 300)
        #expect(play.summary == ["modified /upper/conf"])
    }
}
