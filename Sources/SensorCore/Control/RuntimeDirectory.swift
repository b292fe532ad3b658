internal import Glibc

/// What a running sensor has: `/run/vedette`, or the same below another root.
package struct RuntimeDirectory: Equatable, Sendable {
    package let path: String

    /// - Parameter root: what stands for `/`; empty for the real one.
    package init(root: String = "") {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        path = root + "/run/vedette"
    }

    package var controlSocket: String { path + "/control.sock" }
    package var processIdentifier: String { path + "/vedette.pid" }

    /// Makes it, for its owner and group. One that others may write to is refused: they could put a socket of theirs in
    /// place of ours.
    package func make() throws(ControlProblem) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            let isLast = made.hasSuffix(path)
            if mkdir(made, isLast ? 0o750 : 0o755) == 0 {
                // Whatever the umask: metrics are for the group.
                if isLast { chmod(made, 0o750) }
            } else if errno != EEXIST {
                throw ControlProblem(made, errno: errno, advice: "run as root, or give another --root")
            }
        }
        var state = stat()
        guard lstat(path, &state) == 0 else { throw ControlProblem(path, errno: errno) }
        guard state.st_mode & S_IFMT == S_IFDIR, state.st_uid == geteuid() || state.st_uid == 0,
            state.st_mode & 0o022 == 0
        else {
            throw ControlProblem(
                "\(path) must be a directory that only its owner can write to: chown root:root \(path); chmod 750 \(path)"
            )
        }
    }
}
