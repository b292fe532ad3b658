internal import Glibc

/// The configuration on the disk.
package enum ConfigurationFile {
    /// Where it is when nothing else is said.
    ///
    /// - Parameter root: what stands for `/`; empty for the real one.
    package static func defaultPath(root: String = "") -> String {
        path("/etc/vedette/vedette.yml", root: root)
    }

    /// Reads the file at `path`.
    ///
    /// - Parameter hostRoot: where the host's `/` is, for the built-in watches; empty for `/` itself.
    /// - Throws: all that is wrong; `isMissingFile` when there is no file.
    package static func load(
        _ path: String, hostRoot: String = ""
    ) throws(ConfigurationErrors) -> SensorConfiguration {
        let bytes = try read(path)
        return try SensorConfiguration.parse(bytes, file: path) {
            SensorConfiguration.isOnDisk(hostRoot + $0)
        }
    }

    /// `path` below `root`.
    static func path(_ path: String, root: String) -> String {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        return root + path
    }

    private static func read(_ path: String) throws(ConfigurationErrors) -> [UInt8] {
        // Without blocking: it may be a FIFO.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw refusal(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw refusal(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw problem(path, "this is not a regular file", "name a file with the configuration in it")
        }
        // One byte more than is accepted, so that parsing sees that there are too many.
        var bytes = [UInt8](repeating: 0, count: min(Int(clamping: status.st_size), YAMLText.mostBytes) + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { unsafe in
                Glibc.read(descriptor, unsafe.baseAddress?.advanced(by: count), unsafe.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw refusal(path, errno) }
            if got == 0 { break }
            count += got
        }
        return Array(bytes.prefix(count))
    }

    private static func refusal(_ path: String, _ code: Int32) -> ConfigurationErrors {
        let reason = String(cString: strerror(code))
        guard code == ENOENT || code == ENOTDIR else {
            return problem(path, "cannot be read: \(reason)", "run as a user who may read it")
        }
        var errors = problem(path, "there is no such file", "make it; docs/vedette.yml is an example")
        errors.isMissingFile = true
        return errors
    }

    private static func problem(_ path: String, _ problem: String, _ advice: String) -> ConfigurationErrors {
        ConfigurationErrors([ConfigurationError(file: path, position: nil, problem: problem, advice: advice)])
    }
}
