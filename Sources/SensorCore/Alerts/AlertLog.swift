internal import Glibc
internal import KernelSources

/// The alert file as its thread sees it: lines go in, and come out durable, over rotations and whatever others do to
/// the file.
///
/// Lines are kept in memory until they are known to be safe. Every call that throws can be made again, and goes on
/// where it stopped. One thread uses it at a time.
final class AlertLog {
    private static let rotationPause: UInt64 = 1_000_000_000

    private let path: String
    private let options: AlertFileOptions
    private let rotation: LogRotation
    private var file: LogFile
    /// What is not known to be safe: the pieces before `next`, and `done` bytes of that one, are in the file.
    private var pieces: [[UInt8]] = []
    private var next = 0
    private var done = 0
    /// Where the file stood, and how much of the first piece was in it, when all in it was safe.
    private var safe = (size: 0, done: 0)
    /// The last rotation moved the file away and could not make a new one: that was not somebody else.
    private var isBetweenFiles = false
    private var nextRotation: UInt64 = 0
    /// What could not be made safe is still in the file, behind `safe.size`.
    private var mustCut = false
    private(set) var status: AlertFileStatus

    /// Opens the file, and makes its directories.
    init(path: String, options: AlertFileOptions) throws(KernelError) {
        (self.path, self.options) = (path, options)
        rotation = LogRotation(path: path, kept: max(1, options.kept))
        var status = AlertFileStatus()
        file = try Self.open(path, rotation, &status)
        self.status = status
        safe.size = file.size
    }

    /// Nothing waits to be written or made safe.
    var isSettled: Bool { pieces.isEmpty }

    /// Takes `lines` over, each of them whole lines; `write` writes them.
    func add(_ lines: [[UInt8]]) { pieces += lines }

    /// Writes what was added.
    func write() throws(KernelError) {
        if mustCut {
            try file.cut(to: safe.size)
            mustCut = false
        }
        while next < pieces.count {
            let count = pieces[next].count
            // Afterwards other pieces may be left, or none.
            if isDue(count) { try rotate(for: count) } else { try writePiece() }
        }
    }

    private func writePiece() throws(KernelError) {
        try file.append(pieces[next], from: &done)
        next += 1
        done = 0
    }

    /// Writes what was added and makes it safe.
    func settle() throws(KernelError) {
        try write()
        try makeSafe()
    }

    /// Goes to a new file when the one that is open is not at its path any more. Called now and then, and when
    /// somebody who moved it says so.
    func follow() throws(KernelError) { try follow(file.fate(at: path)) }

    private func follow(_ fate: LogFile.Fate) throws(KernelError) {
        switch fate {
        case .present: return
        case .emptied:
            status.emptied += 1
            safe.size = min(safe.size, file.size)
        case .moved:
            // What is in it so far is to stay there.
            try syncFile()
            forget()
            try open()
            if !isBetweenFiles { status.moved += 1 }
            isBetweenFiles = false
            status.rotationTrouble = nil
        case .removed:
            try open()
            rewind()
            status.removed += 1
        }
    }

    // MARK: Safety

    /// What is in the file is there to stay.
    private func makeSafe() throws(KernelError) {
        try syncFile()
        let fate = try file.fate(at: path)
        if fate == .removed {
            // The lines went with the file. A second removal in this moment is seen by the next call.
            try follow(fate)
            while next < pieces.count { try writePiece() }
            try syncFile()
        } else {
            // Safe where they are, also when no new file can be made at the moment.
            forget()
            do throws(KernelError) { try follow(fate) } catch { status.rotationTrouble = error }
        }
        forget()
    }

    private func syncFile() throws(KernelError) {
        guard options.sync else { return }
        do throws(KernelError) { try file.sync(options.flush) } catch {
            // The kernel tells it once, and may have dropped what it could not write: all of it is written anew.
            rewind()
            mustCut = true
            throw error
        }
    }

    /// Lets go of the pieces that are in the file.
    private func forget() {
        pieces.removeFirst(next)
        next = 0
        safe = (file.size, done)
    }

    /// What is not known to be safe is not in the file.
    private func rewind() {
        next = 0
        done = safe.done
    }

    private func open() throws(KernelError) {
        file = try Self.open(path, rotation, &status)
        safe.size = file.size
        mustCut = false
    }

    private static func open(
        _ path: String, _ rotation: LogRotation, _ status: inout AlertFileStatus
    ) throws(KernelError) -> LogFile {
        try Directories.make(for: path)
        do throws(KernelError) {
            let file = try LogFile(path: path)
            status.healed += UInt64(file.healed)
            return file
        } catch {
            guard error.errno == EBADMSG else { throw error }
            try rotation.rotate()
            status.setAside += 1
            return try LogFile(path: path)
        }
    }

    // MARK: Rotation

    private func isDue(_ count: Int) -> Bool {
        guard let largest = options.largest, done == 0, file.size > 0 else { return false }
        return file.size + count > largest && Clock.monotonic >= nextRotation
    }

    /// Rotates. Where that cannot be done the file goes on, and it is tried again later.
    private func rotate(for count: Int) throws(KernelError) {
        try makeSafe()
        // Somebody else was faster.
        guard isDue(count) else { return }
        changeFile()
    }

    /// Begins a new file because somebody asks for it, unless nothing is in the one that is open, or somebody else has
    /// just moved it away.
    func rotateNow() throws(KernelError) {
        try settle()
        guard try file.fate(at: path) == .present else { return try follow() }
        if file.size > 0 { changeFile() }
    }

    private func changeFile() {
        do throws(KernelError) {
            try rotation.rotate()
            isBetweenFiles = true
            try open()
            isBetweenFiles = false
            status.rotations += 1
            status.rotationTrouble = nil
        } catch {
            status.rotationTrouble = error
            nextRotation = Clock.monotonic &+ Self.rotationPause
        }
    }
}
