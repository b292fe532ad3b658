internal import CSocket
internal import Glibc

/// A socket that clients connect to. Closes it when it goes away, and removes its file if that is still ours.
final class ControlListener {
    let descriptor: Int32
    let service: Connection.Service
    /// Clients at a time; more of them wait in the kernel's queue.
    let capacity: Int
    /// Milliseconds on CLOCK_MONOTONIC: there were no descriptors left.
    var pausedUntil: UInt64 = 0
    private let file: (path: String, device: dev_t, inode: ino_t)?

    /// Listens at `path` of a directory that only its owner can write to. A socket that nobody listens at any more is
    /// replaced.
    init(path: String, mode: UInt32, _ service: Connection.Service, capacity: Int) throws(ControlProblem) {
        try Self.clear(path)
        let result = csocket_listen_at(path, mode)
        guard result >= 0 else { throw Self.problem(path, -result) }
        var state = stat()
        guard lstat(path, &state) == 0 else {
            let code = errno
            close(result)
            throw ControlProblem(path, errno: code)
        }
        file = (path, state.st_dev, state.st_ino)
        (descriptor, self.service, self.capacity) = (result, service, capacity)
    }

    init(port: UInt16, _ service: Connection.Service, capacity: Int) throws(ControlProblem) {
        let result = csocket_listen_on_loopback(port)
        guard result >= 0 else {
            let advice = -result == EADDRINUSE ? "choose another port" : ""
            throw ControlProblem("127.0.0.1:\(port)", errno: -result, advice: advice)
        }
        (descriptor, self.service, self.capacity, file) = (result, service, capacity, nil)
    }

    deinit {
        if let file, Self.isSame(file) { unlink(file.path) }
        close(descriptor)
    }

    /// Makes room at `path` for a socket of ours.
    private static func clear(_ path: String) throws(ControlProblem) {
        var state = stat()
        guard lstat(path, &state) == 0 else { return }
        guard state.st_mode & S_IFMT == S_IFSOCK else {
            throw ControlProblem("\(path) is in the way and no socket; remove it")
        }
        let probe = csocket_connect(path, 1)
        guard probe == -ECONNREFUSED else {
            if probe >= 0 { close(probe) }
            throw problem(path, EADDRINUSE)
        }
        unlink(path)
    }

    private static func problem(_ path: String, _ code: Int32) -> ControlProblem {
        let advice =
            switch code {
            case EADDRINUSE: "another vedette listens there: see it with vedette status"
            case ENAMETOOLONG: "a socket's path has at most \(CSOCKET_PATH_MAX) bytes; give a shorter --root"
            case ENOENT: "its directory is not there"
            default: ""
            }
        return ControlProblem(path, errno: code, advice: advice)
    }

    private static func isSame(_ file: (path: String, device: dev_t, inode: ino_t)) -> Bool {
        var state = stat()
        return lstat(file.path, &state) == 0 && state.st_dev == file.device && state.st_ino == file.inode
    }
}
