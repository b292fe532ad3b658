/// Somebody else got as far as the sensor's control socket, and was refused.
package struct RefusedAccess: Equatable, Sendable {
    /// The socket.
    package var path: ByteString
    package var uid: UInt32
    /// Of the last attempt.
    package var pid: Int32
    /// Since this user was last told of.
    package var attempts: UInt64
    /// Nanoseconds since 1970.
    package var time: UInt64

    package init(path: ByteString, uid: UInt32, pid: Int32, attempts: UInt64, time: UInt64) {
        self.path = path
        self.uid = uid
        self.pid = pid
        self.attempts = attempts
        self.time = time
    }
}
