package import EventModel

/// One message of the process connector about a whole process; threads are filtered out by the decoder.
///
/// The corresponding kernel definition is `struct proc_event` in `linux/cn_proc.h`.
package struct ProcessEvent: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        case fork(child: Int32)
        case exec
        case user(real: UInt32, effective: UInt32)
        case group(real: UInt32, effective: UInt32)
        case session
        case name(ByteString)
        case exit(status: UInt32)
    }

    /// The process (thread group id); for `fork` the parent.
    package var pid: Int32
    package var change: Change
    /// CLOCK_MONOTONIC nanoseconds, stamped by the kernel.
    package var time: UInt64

    package init(pid: Int32, change: Change, time: UInt64) {
        self.pid = pid
        self.change = change
        self.time = time
    }
}

/// The taskstats record of a process (thread group) that has exited.
///
/// The corresponding kernel definition is `struct taskstats` in `linux/taskstats.h`.
package struct TaskExit: Equatable, Sendable {
    package var pid: Int32
    package var parentPid: Int32
    /// The real ids.
    package var user: UInt32
    package var group: UInt32
    package var name: ByteString
    /// `st_dev` (as `stat(2)` encodes it) and inode of the executable; 0 before version 12 (Linux 5.19).
    package var executableDevice: UInt64
    package var executableInode: UInt64
    /// CLOCK_MONOTONIC nanoseconds when the record was read: the process ended no later.
    package var readAt: UInt64

    package init(
        pid: Int32, parentPid: Int32, user: UInt32, group: UInt32, name: ByteString, executableDevice: UInt64,
        executableInode: UInt64, readAt: UInt64
    ) {
        self.pid = pid
        self.parentPid = parentPid
        self.user = user
        self.group = group
        self.name = name
        self.executableDevice = executableDevice
        self.executableInode = executableInode
        self.readAt = readAt
    }
}
