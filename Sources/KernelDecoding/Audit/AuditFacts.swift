package import EventModel

/// One PATH record, as far as joining needs it.
package struct AuditPath: Equatable, Sendable {
    package enum NameType: String, Sendable, CaseIterable {
        case normal = "NORMAL"
        case parent = "PARENT"
        case created = "CREATE"
        case deleted = "DELETE"
        case unknown = "UNKNOWN"
    }

    package var name: ByteString
    package var inode: UInt64?
    package var deviceMajor: UInt32?
    package var deviceMinor: UInt32?
    package var mode: UInt32?
    package var nameType: NameType

    package init(
        name: ByteString, inode: UInt64? = nil, deviceMajor: UInt32? = nil, deviceMinor: UInt32? = nil,
        mode: UInt32? = nil, nameType: NameType
    ) {
        self.name = name
        self.inode = inode
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.mode = mode
        self.nameType = nameType
    }
}

/// What one assembled SYSCALL or URINGOP event says about who did what.
package struct AuditFacts: Sendable {
    package var serial: UInt32
    /// Milliseconds since 1970, at syscall entry (coarse clock: up to 10 ms early).
    package var milliseconds: UInt64
    /// CLOCK_MONOTONIC nanoseconds when the event's last record was read.
    package var readAt: UInt64
    package var isUring = false
    package var architecture: UInt32?
    package var syscall: UInt32?
    package var success: Bool?
    package var exitValue: Int64?
    package var pid: Int32
    package var parentPid: Int32?
    package var credentials: Credentials?
    package var loginUser: LoginUser?
    package var loginSession: LoginSession?
    /// `tty=`; empty for `(none)`.
    package var terminal: ByteString?
    package var name: ByteString?
    package var executable: ByteString?
    package var workingDirectory: ByteString?
    /// From EXECVE records, complete; `nil` when there are none or parts are missing.
    package var arguments: [ByteString]?
    /// From PATH records, those of parent directories left out.
    package var paths: [AuditPath] = []
    /// The address of a UNIX socket that was given to the system call; abstract names begin with a zero byte.
    package var socketPath: ByteString?
    /// Keys of the rule that matched.
    package var keys: [ByteString] = []
    /// Records announced by `items=` or by EXECVE's `argc=` did not arrive.
    package var isIncomplete = false

    package init(serial: UInt32, milliseconds: UInt64, readAt: UInt64, pid: Int32) {
        self.serial = serial
        self.milliseconds = milliseconds
        self.readAt = readAt
        self.pid = pid
    }
}
