internal import CFanotify
package import KernelDecoding

/// How much this kernel's fanotify tells. The best that `fanotify_init(2)` accepts is found at run time.
package enum FanotifyLevel: Int, Comparable, Sendable, CaseIterable {
    /// Linux 5.1: the object's handle, and for directory entries the directory's.
    case object = 1
    /// Linux 5.9: the directory and the name.
    case name = 2
    /// Linux 5.15 (and 5.10.220): a pidfd too.
    case process = 3
    /// Linux 5.17: the handles of created and deleted objects, and renames in one event.
    case target = 4

    package static func < (left: FanotifyLevel, right: FanotifyLevel) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Flags of `fanotify_init(2)`.
    var initFlags: UInt32 {
        let base = UInt32(FAN_CLASS_NOTIF) | UInt32(FAN_CLOEXEC) | UInt32(FAN_NONBLOCK)
        let unlimited = UInt32(FAN_UNLIMITED_QUEUE) | UInt32(FAN_UNLIMITED_MARKS)
        let object = base | unlimited | UInt32(FAN_REPORT_FID)
        let name = object | UInt32(FAN_REPORT_DIR_FID) | UInt32(FAN_REPORT_NAME)
        let process = name | UInt32(FAN_REPORT_PIDFD)
        return switch self {
        case .object: object
        case .name: name
        case .process: process
        case .target: process | UInt32(FAN_REPORT_TARGET_FID)
        }
    }

    /// What is asked for on filesystems that hold a watch.
    package var watchMask: FanotifyMask {
        let base: FanotifyMask = [
            .create, .delete, .modify, .closeWrite, .attrib, .onDirectory, .openExec,
        ]
        return base.union(self >= .target ? [.rename] : [.movedFrom, .movedTo])
    }

    /// What this level lacks, for the coverage table; `nil` when nothing.
    package var missing: String? {
        switch self {
        case .target: nil
        case .process: "no target handles and single-event renames (Linux 5.17)"
        case .name: "no pidfds (Linux 5.15), no target handles and single-event renames (5.17)"
        case .object: "no names of directory entries (Linux 5.9), no pidfds (5.15), no renames (5.17)"
        }
    }
}
