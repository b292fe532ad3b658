internal import CFanotify
internal import CRing
package import EventModel
package import EventRing
internal import Glibc
internal import KernelDecoding

/// A fanotify group with its marks, and the thread that reads it into a ring.
///
/// Owned and called by one thread. Records in the ring: `CRECORD_FANOTIFY`, `CRECORD_SNAPSHOT` and
/// `CRECORD_FAILED`.
/// The corresponding kernel interface is `fanotify(7)`.
package final class FanotifySource {
    /// What the kernel's fanotify can tell.
    package let level: FanotifyLevel
    /// Poll it for `POLLPRI`, then call `refreshMounts`: the mount table has changed.
    package let mountsDescriptor: Int32
    private let descriptor: KernelDescriptor
    private var group: Int32 { descriptor.value }
    private let procDescriptor: Int32
    private let ring: EventRing
    private let reader: OpaquePointer
    private var marks = FanotifyMarks()
    private var watches: [ByteString] = []

    /// What the reader has counted so far.
    package struct Counts: Equatable, Sendable {
        package var reads: UInt64 = 0
        package var events: UInt64 = 0
        package var own: UInt64 = 0
        package var stalls: UInt64 = 0
        package var snapshots: UInt64 = 0
        package var missedSnapshots: UInt64 = 0
        /// Thrown away because more waited than may; an overflow stands for them.
        package var discarded: UInt64 = 0
    }

    /// Events that may wait in the kernel's queue: some 100 MB of its memory.
    package static let backlogLimit: UInt32 = 500_000

    /// Opens a group with the best flags that the kernel accepts.
    ///
    /// - Parameters:
    ///   - limit: the most to ask for; less than `.target` plays an older kernel.
    ///   - backlogLimit: events that may wait in the kernel's queue. More are thrown away and told as an overflow.
    /// - Throws: `KernelError` with `EPERM` without CAP_SYS_ADMIN, `EINVAL` before Linux 5.1, `ENOSYS`
    ///   when the kernel was built without fanotify, `EMFILE` at the per-user group limit.
    package init(
        ring: EventRing, limit: FanotifyLevel = .target, backlogLimit: UInt32 = FanotifySource.backlogLimit
    ) throws(KernelError) {
        let (group, level) = try FanotifySource.open(limit)
        let proc = Glibc.open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let mounts = Glibc.open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        let pointer = ring.producerPointer.assumingMemoryBound(to: cring.self)
        let isComplete = proc >= 0 && mounts >= 0
        let reader = isComplete ? cfanotify_reader_create(pointer, group, proc, backlogLimit) : nil
        guard let reader else {
            let error = KernelError(call: "open(2)", errno: errno, advice: "/proc must be mounted")
            for descriptor in [group, proc, mounts] where descriptor >= 0 { close(descriptor) }
            throw error
        }
        descriptor = KernelDescriptor(group)
        (self.level, procDescriptor, mountsDescriptor) = (level, proc, mounts)
        (self.ring, self.reader) = (ring, reader)
    }

    deinit {
        cfanotify_reader_destroy(reader)
        close(procDescriptor)
        close(mountsDescriptor)
    }

    private static func open(_ limit: FanotifyLevel) throws(KernelError) -> (Int32, FanotifyLevel) {
        var error = KernelError(call: "fanotify_init(2)", errno: EINVAL)
        for level in FanotifyLevel.allCases.reversed() where level <= limit {
            let group = cfanotify_open(level.initFlags, UInt32(O_RDONLY | O_CLOEXEC))
            if group >= 0 { return (group, level) }
            error.errno = -group
            // Only unknown flags are a reason to ask for less.
            if -group != EINVAL { break }
        }
        error.advice =
            switch error.errno {
            case EPERM: "needs CAP_SYS_ADMIN"
            case EINVAL: "needs Linux 5.1 or newer"
            case ENOSYS: "the kernel was built without CONFIG_FANOTIFY"
            case EMFILE: "raise fs.fanotify.max_user_groups"
            default: ""
            }
        throw error
    }

    /// Starts the reader thread.
    package func start() throws(KernelError) {
        _ = try check("pthread_create(3)", cfanotify_reader_start(reader))
    }

    /// Ends the reader thread; what it has read stays in the ring.
    package func stop() { cfanotify_reader_stop(reader) }

    /// Marks the filesystems of `paths` (absolute, without symbolic links) and those mounted below them, and
    /// for executions all other local ones.
    package func watch(_ paths: [ByteString]) {
        watches = paths
        refreshMounts()
    }

    /// Reads the mount table, and marks what has appeared.
    package func refreshMounts() {
        let text = FanotifySource.readAll(mountsDescriptor)
        guard !text.isEmpty else { return }
        let table = MountTable(mountinfo: text.span)
        marks.update(group: group, level: level, table: table, watches: watches)
    }

    /// Reports files that were written in `directory`, on whatever filesystem it is. Returns that filesystem; `nil`
    /// when it takes no mark.
    package func watchCanaries(in directory: ByteString) -> UInt64? {
        let mask: FanotifyMask = [.closeWrite, .onChild]
        var filesystem: UInt64 = 0
        let path = directory.zeroTerminated
        guard cfanotify_mark(group, UInt32(FAN_MARK_ADD), mask.rawValue, path) == 0,
            cfanotify_fsid(path, &filesystem) == 0
        else { return nil }
        return filesystem
    }

    /// A directory on each filesystem whose changes are reported: watched itself, where that can be.
    package var canaryPlaces: [(filesystem: UInt64, directory: ByteString)] {
        var places: [(filesystem: UInt64, directory: ByteString)] = []
        var left = Set(marked.filter(\.reportsChanges).map(\.filesystem))
        let mountPoints = marked.filter(\.reportsChanges).map(\.mount.mountPoint)
        let candidates = watches + watches.map(\.parent) + mountPoints
        for directory in candidates where !left.isEmpty && Listing.isDirectory(directory) {
            var filesystem: UInt64 = 0
            guard cfanotify_fsid(directory.zeroTerminated, &filesystem) == 0,
                left.remove(filesystem) != nil
            else { continue }
            places.append((filesystem, directory))
        }
        return places
    }

    /// Mount points on which watched paths were, and that are gone.
    package var absent: [ByteString] { marks.absent }

    /// What is marked, as of the last `watch` or `refreshMounts`.
    package var marked: [MarkedMount] { marks.marked }

    /// What inotify has to watch instead.
    package var refused: [RefusedMount] { marks.refused }

    package var counts: Counts {
        Counts(
            reads: cfanotify_reader_count(reader, CFANOTIFY_READS),
            events: cfanotify_reader_count(reader, CFANOTIFY_EVENTS),
            own: cfanotify_reader_count(reader, CFANOTIFY_OWN),
            stalls: cfanotify_reader_count(reader, CFANOTIFY_STALLS),
            snapshots: cfanotify_reader_count(reader, CFANOTIFY_SNAPSHOTS),
            missedSnapshots: cfanotify_reader_count(reader, CFANOTIFY_SNAPSHOTS_MISSED),
            discarded: cfanotify_reader_count(reader, CFANOTIFY_DISCARDED))
    }

    /// Events that wait in the kernel's queue.
    package var backlog: UInt64 { UInt64(cfanotify_backlog(group)) }

    /// 2 real-time, 1 nice, 0 neither, -1 not yet running.
    package var priority: Int32 { cfanotify_reader_priority(reader) }

    /// The whole of a file that is read from its start.
    static func readAll(_ descriptor: Int32) -> [UInt8] {
        var text: [UInt8] = []
        let chunk = 16_384
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { return [] }
        while true {
            let old = text.count
            text.append(contentsOf: repeatElement(0, count: chunk))
            let got = text.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress?.advanced(by: old), chunk)
            }
            text.removeLast(chunk - max(got, 0))
            if got == 0 || (got < 0 && errno != EINTR) { return text }
        }
    }
}
