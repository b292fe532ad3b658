internal import Glibc

/// Where the sensor keeps what outlives it: `/var/lib/vedette`, or the same below a directory of the user's choice.
package struct StateDirectory: Sendable {
    package let path: String

    /// - Parameter root: what stands for `/`; empty for the real one.
    package init(root: String = "") {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        path = root + "/var/lib/vedette"
    }

    package var baseline: String { path + "/baseline.db" }
    package var lock: String { path + "/baseline.lock" }

    /// Makes it, for its owner only. Returns 0, or a positive errno.
    package func make() -> Int32 {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, made == path ? 0o700 : 0o755) != 0, errno != EEXIST { return errno }
        }
        return 0
    }
}
