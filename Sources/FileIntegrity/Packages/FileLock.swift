internal import CPackages
internal import EventModel
internal import Glibc

enum FileLock {
    /// Whether some process has a lock on the file.
    ///
    /// The corresponding kernel interface is `F_GETLK` of `fcntl(2)`.
    static func isHeld(_ path: ByteString) -> Bool {
        let descriptor = cpackages_open(path.zeroTerminated, 1)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }
}
