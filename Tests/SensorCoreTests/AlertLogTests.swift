import Foundation
import KernelSources
import Synchronization
import Testing

@testable import SensorCore

extension AlertLog {
    /// Adds `text`, which ends with a newline, and makes it safe.
    fileprivate func put(_ text: String) throws {
        add([Array(text.utf8)])
        try settle()
    }
}

/// Options of a log that is rotated at so many bytes.
private func options(largest: Int?, kept: Int = 10) -> AlertFileOptions {
    var options = AlertFileOptions()
    (options.largest, options.kept) = (largest, kept)
    return options
}

@Suite struct AlertLogTests {
    @Test(arguments: [
        ("", ""), ("abc", ""), ("a\n", "a\n"), ("a\nbc", "a\n"), ("a\n\n", "a\n\n"),
        ("a\nb\n" + String(repeating: "x", count: 200_000), "a\nb\n"),
    ])
    func cutsOffTheLineThatAKillHasTorn(_ left: String, _ kept: String) throws {
        let directory = try TestDirectory()
        try directory.write(left, to: directory.log)
        let log = try AlertLog(path: directory.log, options: AlertFileOptions())
        #expect(directory.read(directory.log) == kept)
        #expect(log.status.healed == UInt64(left.utf8.count - kept.utf8.count))
        try log.put("next\n")
        #expect(directory.read(directory.log) == kept + "next\n")
    }

    @Test func aFileInWhichNoLineEndsIsMovedAwayWhole() throws {
        let directory = try TestDirectory()
        try directory.write("a\n", to: directory.log)
        #expect(truncate(directory.log, 17 << 20) == 0)
        let log = try AlertLog(path: directory.log, options: AlertFileOptions())
        #expect(log.status.setAside == 1)
        try log.put("next\n")
        #expect(directory.read(directory.log) == "next\n")
        #expect(directory.read(directory.rotated(1))?.utf8.count == 17 << 20)
    }

    @Test func makesDirectoriesAndFileForTheirOwnerOnly() throws {
        let directory = try TestDirectory()
        let path = directory.path + "/one/two/alerts.json"
        _ = try AlertLog(path: path, options: AlertFileOptions())
        func mode(_ path: String) -> Int? {
            (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        }
        #expect(mode(path) == 0o600)
        #expect(mode(directory.path + "/one/two").map { $0 & 0o027 } == 0)
    }

    @Test func refusesWhatIsNoFile() throws {
        let directory = try TestDirectory()
        #expect(mkfifo(directory.log, 0o600) == 0)
        #expect(throws: KernelError.self) { try AlertLog(path: directory.log, options: AlertFileOptions()) }
    }

    // MARK: Rotation

    @Test func rotatesBeforeAFileGrowsBeyondItsLimit() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: options(largest: 25, kept: 3))
        // Ten bytes each: two in a file.
        for number in 10..<30 { try log.put("line no \(number % 10)\n") }
        #expect(log.status.rotations == 9)
        #expect(directory.read(directory.log) == "line no 8\nline no 9\n")
        #expect(directory.read(directory.rotated(1)) == "line no 6\nline no 7\n")
        #expect(directory.read(directory.rotated(3)) == "line no 2\nline no 3\n")
        #expect(directory.read(directory.rotated(4)) == nil)
    }

    @Test func aBatchThatNeedsManyFilesIsSpreadOverThem() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: options(largest: 25))
        let lines = (0..<10).map { "line no \($0)\n" }
        log.add(lines.map { Array($0.utf8) })
        try log.settle()
        #expect(log.status.rotations == 4)
        #expect(directory.all == lines.joined())
    }

    @Test func anUnusedNumberIsFilledAndNothingAboveItMoves() throws {
        let directory = try TestDirectory()
        for (name, text) in [(directory.rotated(1), "1\n"), (directory.rotated(3), "3\n")] {
            try directory.write(text, to: name)
        }
        let log = try AlertLog(path: directory.log, options: options(largest: 2))
        try log.put("a\n")
        try log.put("b\n")
        #expect(directory.read(directory.rotated(1)) == "a\n")
        #expect(directory.read(directory.rotated(2)) == "1\n")
        #expect(directory.read(directory.rotated(3)) == "3\n")
    }

    /// The renames of a rotation with three older files, in their order.
    @Test(arguments: 0...4)
    func aRotationThatAKillHasStoppedLosesNothing(_ steps: Int) throws {
        let directory = try TestDirectory()
        try directory.write("4\n", to: directory.log)
        for number in 1...3 { try directory.write("\(4 - number)\n", to: directory.rotated(number)) }
        let names = [directory.log] + (1...4).map(directory.rotated)
        for step in 0..<steps { #expect(rename(names[3 - step], names[4 - step]) == 0) }
        let log = try AlertLog(path: directory.log, options: options(largest: 2))
        try log.put("5\n")
        try log.put("6\n")
        #expect(directory.all == "1\n2\n3\n4\n5\n6\n")
    }

    @Test func linesGoOnWhereARotationIsNotPossible() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: options(largest: 2, kept: 1))
        // In the place of the only number.
        try FileManager.default.createDirectory(
            atPath: directory.rotated(1), withIntermediateDirectories: false)
        try log.put("a\n")
        try log.put("b\n")
        #expect(directory.read(directory.log) == "a\nb\n")
        #expect(log.status.rotationTrouble?.call == "rename(2)")
        #expect(log.status.rotations == 0)
    }

    // MARK: What others do to the file

    @Test func linesThatWereNotSafeSurviveTheFile() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: AlertFileOptions())
        try log.put("safe\n")
        log.add([Array("a\n".utf8), Array("b\n".utf8)])
        try log.write()
        unlink(directory.log)
        log.add([Array("c\n".utf8)])
        try log.settle()
        #expect(directory.read(directory.log) == "a\nb\nc\n")
        #expect(log.status.removed == 1)
    }

    @Test func aFileThatWasMovedKeepsItsLinesAndANewOneIsMade() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: AlertFileOptions())
        try log.put("a\n")
        #expect(rename(directory.log, directory.path + "/taken") == 0)
        try log.put("b\n")
        try log.put("c\n")
        #expect(directory.read(directory.path + "/taken") == "a\nb\n")
        #expect(directory.read(directory.log) == "c\n")
        #expect(log.status.moved == 1)
    }

    @Test func aDirectoryThatWasRemovedIsMadeAgain() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: AlertFileOptions())
        try FileManager.default.removeItem(atPath: directory.path)
        try log.put("a\n")
        #expect(directory.read(directory.log) == "a\n")
    }

    @Test func aFileThatWasEmptiedGoesOnAtItsStart() throws {
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: AlertFileOptions())
        try log.put("a\n")
        #expect(truncate(directory.log, 0) == 0)
        try log.put("b\n")
        #expect(directory.read(directory.log) == "b\n")
        #expect(log.status.emptied == 1)
    }

    // MARK: Trouble with the disk

    /// The largest file that this process may write stands for a disk that fills in the middle of a line.
    @Test func aWriteThatEndsShortLeavesNoTornLine() throws {
        let room = 1 << 30
        let directory = try TestDirectory()
        let log = try AlertLog(path: directory.log, options: options(largest: nil))
        try log.put("first\n")
        // Nothing but a hole, up to seven bytes below the limit.
        #expect(truncate(directory.log, off_t(room - 8)) == 0)
        try log.put("\n")
        signal(SIGXFSZ, SIG_IGN)
        var usual = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &usual)
        var small = rlimit(rlim_cur: rlim_t(room), rlim_max: usual.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &usual) }
        log.add([Array("one\ntwo\nthree\n".utf8)])
        #expect(throws: KernelError.self) { try log.settle() }
        #expect(tail(of: directory.log, from: room - 7) == "one\n")
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &usual)
        try log.settle()
        #expect(tail(of: directory.log, from: room - 7) == "one\ntwo\nthree\n")
    }

    private func tail(of path: String, from offset: Int) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { return "" }
        try? file.seek(toOffset: UInt64(offset))
        return String(decoding: file.readDataToEndOfFile(), as: UTF8.self)
    }

    @Test func whatTheDiskDidNotTakeIsWrittenAnewAndOnce() throws {
        let directory = try TestDirectory()
        var options = AlertFileOptions()
        let isBroken = Flag()
        options.flush = {
            isBroken.value
                ? {
                    errno = EIO
                    return -1
                }() : fdatasync($0)
        }
        let log = try AlertLog(path: directory.log, options: options)
        try log.put("safe\n")
        isBroken.value = true
        #expect(throws: KernelError.self) { try log.put("a\n") }
        #expect(throws: KernelError.self) { try log.put("b\n") }
        isBroken.value = false
        try log.put("c\n")
        #expect(directory.read(directory.log) == "safe\na\nb\nc\n")
        #expect(log.isSettled)
    }
}

/// A switch that two threads may touch.
final class Flag: Sendable {
    private let isSet = Atomic<Bool>(false)

    var value: Bool {
        get { isSet.load(ordering: .sequentiallyConsistent) }
        set { isSet.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
