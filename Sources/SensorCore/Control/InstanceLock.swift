internal import Glibc

/// The right to be the sensor of a root directory: a lock that the kernel takes back when the process ends, however it
/// ends. The file has the process's id, for people.
package struct InstanceLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `ControlProblem` with the process that has the lock, and what to do.
    package init(_ directory: RuntimeDirectory) throws(ControlProblem) {
        let path = directory.processIdentifier
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw ControlProblem(path, errno: errno, advice: "run as root, or give another --root")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            let owner = Self.owner(descriptor)
            close(descriptor)
            throw error == EWOULDBLOCK ? Self.taken(by: owner, path) : ControlProblem(path, errno: error)
        }
        let text = Array("\(getpid())\n".utf8)
        // For people only: without room on the disk the lock holds all the same.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit {
        _ = ftruncate(descriptor, 0)
        close(descriptor)
    }

    private static func taken(by owner: Int32?, _ path: String) -> ControlProblem {
        let name = owner.map { "pid \($0)" } ?? "its pid is not in \(path)"
        return ControlProblem(
            "another vedette is running here (\(name)): see it with vedette status; end it with "
                + (owner.map { "systemctl stop vedette or kill \($0)" } ?? "systemctl stop vedette")
                + "; or give this one another --root")
    }

    private static func owner(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return Int32(String(decoding: digits, as: UTF8.self))
    }
}
