internal import Baseline
internal import EventModel
internal import Glibc

/// Tells what the sensor itself writes, all the time, from what others do to the same files. Used by one thread.
struct OwnWrites {
    private let places: [ByteString]
    private let pid = getpid()
    /// The command line beside us, which asks the database: SQLite then touches its companions.
    private let commandLine: ByteString?

    /// - Parameter program: ours; `nil` when it is not known: then only this process's writes are ours.
    init(rules: WatchRules, program: ByteString? = SensorPlaces.program) {
        places = rules.rules.filter { !$0.isKept }.map(\.path)
        commandLine = program?.parent.appending("vedette")
    }

    /// Whether the event tells of a change that the sensor made to its own files.
    ///
    /// inotify does not say who it was: there the files that the sensor writes protect themselves by their mode only.
    func hasMade(_ event: SensorEvent) -> Bool {
        guard case .change(let change) = event, isOurs(change.path) else { return false }
        guard let doer = change.attribution?.process else { return change.source == .inotify }
        if doer.pid == pid { return true }
        guard let commandLine else { return false }
        return isCompanion(change.path) && doer.executable.value == commandLine
    }

    private func isCompanion(_ path: ByteString) -> Bool {
        ["-wal", "-shm"].contains { path.bytes.suffix(4).elementsEqual($0.utf8) }
    }

    /// A rotated file has the name of the first with something behind it.
    private func isOurs(_ path: ByteString) -> Bool {
        places.contains { path.isWithin($0) || path.bytes.starts(with: $0.bytes) && path.parent == $0.parent }
    }
}
