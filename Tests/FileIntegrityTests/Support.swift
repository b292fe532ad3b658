import EventModel
import FileIntegrity
import ProcessTable

/// A disk that holds what a test says.
final class DiskPicture: FileInspector {
    var states: [ByteString: FileState] = [:]
    var lower: [ByteString: FileState] = [:]
    var work: ByteString?
    var upperAttributes: [ByteString: VisibleAttributes] = [:]
    var lowerAttributes: [ByteString: VisibleAttributes] = [:]

    func state(of path: ByteString) -> FileState? { states[path] }
    func lowerState(of path: ByteString) -> FileState? { lower[path] }
    func overlayAttributes(of path: ByteString) -> VisibleAttributes? { upperAttributes[path] }
    func lowerAttributes(of path: ByteString) -> VisibleAttributes? { lowerAttributes[path] }
    func isOverlayWork(_ path: ByteString) -> Bool { work.map { path.isWithin($0) } ?? false }

    static func file(inode: UInt64, links: UInt32 = 1, modified: UInt64 = 0, size: UInt64 = 1) -> FileState {
        FileState(
            type: .file, device: 1, inode: inode, size: size, mode: 0o644, owner: 0, group: 0, links: links,
            modified: modified, changed: modified, isWhiteout: false)
    }
}

/// Plays events into a coalescer and keeps what comes out. Times are milliseconds.
final class Play {
    let disk = DiskPicture()
    private let table = ProcessTable(bootOffset: 0, realtimeOffset: 0) { _ in .unknown }
    private var coalescer: ChangeCoalescer<DiskPicture>
    private var all: [ChangeDraft] = []
    var drafts: [ChangeDraft] { all.filter { !$0.isQuiet } }
    private var now: UInt64 = 1_000

    init() {
        coalescer = ChangeCoalescer(
            inspector: disk, settleWindow: 250_000_000, realtimeOffset: 0, now: 1_000_000_000)
    }

    func at(_ milliseconds: UInt64) { now = 1_000 + milliseconds }

    func event(
        _ operations: FileOperations, _ path: ByteString, to newPath: ByteString? = nil, inode: UInt64? = nil,
        pid: Int32 = 100, isDirectory: Bool = false
    ) {
        let object = inode.map { FileObjectID(filesystem: 1, inode: $0, generation: 1) }
        let event = FileEvent(
            source: .fanotify, operations: operations, path: path, newPath: newPath, object: object,
            isDirectory: isDirectory, pid: pid, readAt: now * 1_000_000)
        let actor = table.bind(event, sequence: 1)
        coalescer.note(event, actor: actor) { all.append($0) }
    }

    func settle(at milliseconds: UInt64) {
        at(milliseconds)
        coalescer.settleDue(now: now * 1_000_000) { all.append($0) }
    }

    var pendingCount: Int { coalescer.pendingCount }
    var changes: [FileChange] { drafts.map(\.change) }

    /// One line a change: `kind path`, `renamed old -> new`, scratch files in brackets.
    var summary: [String] {
        changes.map { change in
            var line = "\(change.kind.rawValue) "
            if let old = change.previousPath { line += "\(old.text) -> " }
            line += change.path.text
            if !change.scratchPaths.isEmpty {
                line += " [" + change.scratchPaths.map(\.text).joined(separator: " ") + "]"
            }
            return line
        }
    }
}
