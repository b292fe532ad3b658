package import EventModel

/// What `/proc/PID` said between `begin` and `end`. Absent fields could not be read, or were not asked for.
package struct ProcessSnapshot: Sendable {
    package enum Reason: UInt16, Sendable {
        /// Taken at the first event of the process, by the fanotify reader, or soon after it by the consumer.
        case firstEvent = 1
        /// Taken by the process connector reader right after exec.
        case exec = 2
        /// Only the parent's login user and session, right after fork. `pid` is the parent.
        case fork = 3
        /// Taken at start-up, and after process events were lost.
        case scan = 4
    }

    package var pid: Int32
    package var reason: Reason
    /// CLOCK_MONOTONIC nanoseconds.
    package var begin: UInt64
    package var end: UInt64
    /// A pidfd that belongs to the event proved that the pid was not reused while this was read.
    package var verified: Bool
    package var isZombie = false
    package var name: ByteString?
    package var parentPid: Int32?
    /// Thread group id; differs from `pid` for a thread.
    package var threadGroup: Int32?
    package var credentials: Credentials?
    package var loginUser: LoginUser?
    package var loginSession: LoginSession?
    /// Clock ticks since boot (field 22 of `stat`).
    package var startTicks: UInt64?
    /// `tty_nr` of `stat`, 0 for none.
    package var terminalNumber: UInt32?
    /// `flags` of `stat`; 0x200000 marks a kernel thread.
    package var flags: UInt32?
    package var executable: ByteString?
    package var executableDevice: UInt64?
    package var executableInode: UInt64?
    package var arguments: [ByteString]?
    /// The arguments were longer than the reader's bound.
    package var argumentsTruncated = false
    package var workingDirectory: ByteString?
    /// The raw text of `/proc/PID/cgroup`.
    package var cgroup: ByteString?
    /// Inode of `/proc/PID/ns/mnt` and `/proc/PID/ns/pid`.
    package var mountNamespace: UInt64?
    package var pidNamespace: UInt64?
    /// Number of values in `NSpid`: more than one inside a nested pid namespace.
    package var pidNamespaceDepth: Int?

    package init(pid: Int32, reason: Reason, begin: UInt64, end: UInt64, verified: Bool) {
        self.pid = pid
        self.reason = reason
        self.begin = begin
        self.end = end
        self.verified = verified
    }
}
