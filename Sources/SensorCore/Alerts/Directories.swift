internal import Glibc
internal import KernelSources

/// The directories that hold our files.
enum Directories {
    /// Makes the directory of `path` and those above it that are missing, for their owner and group (0750).
    static func make(for path: String) throws(KernelError) {
        let directory = parent(of: path)
        guard access(directory, F_OK) != 0, directory != path else { return }
        try make(for: directory)
        guard mkdir(directory, 0o750) == 0 || errno == EEXIST else {
            throw KernelError(call: "mkdir(2)", errno: errno, advice: directory)
        }
        try sync(holding: directory)
    }

    /// Has the names in the directory of `path` on disk.
    ///
    /// Filesystems that cannot do it for directories say `EINVAL`: there the names are as safe as they get.
    static func sync(holding path: String) throws(KernelError) {
        let directory = parent(of: path)
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError(call: "open(2)", errno: errno, advice: directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw KernelError(call: "fsync(2)", errno: errno, advice: directory)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
