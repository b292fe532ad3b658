internal import CTree
package import EventModel
internal import Glibc

/// Paths without symbolic links.
package enum RealPath {
    private static let mostBytes = 4_096
    /// As the kernel has it.
    private static let mostLinks = 40

    /// Absolute and without symbolic links; `nil` when nothing is there.
    package static func of(_ path: ByteString) -> ByteString? {
        guard let resolved = realpath(path.zeroTerminated, nil) else { return nil }
        defer { free(resolved) }
        let bytes = UnsafeBufferPointer(start: resolved, count: strlen(resolved))
        return ByteString(bytes.map(UInt8.init(bitPattern:)))
    }

    /// Where `path` is, or will be once it is made: without symbolic links in what there is of it. `nil` when that cannot
    /// be said.
    ///
    /// - Parameter resolve: tells where something is that is there.
    package static func eventual(
        _ path: ByteString, by resolve: (ByteString) -> ByteString? = { of($0) }
    ) -> ByteString? {
        guard path.bytes.first == UInt8(ascii: "/") else { return resolve(path) }
        var missing: [ByteString] = []
        var rest = path
        while true {
            if let found = resolve(rest) { return missing.reversed().reduce(found) { $0.appending($1) } }
            let name = rest.lastComponent
            if name == ".." || rest == "/" { return nil }
            if !name.isEmpty { missing.append(name) }
            rest = rest.parent
        }
    }

    /// The same where `root` stands for `/`: absolute links, and `..`, lead nowhere else.
    ///
    /// - Parameter root: absolute, without symbolic links or a slash at its end.
    /// - Returns: a path that begins with `root`.
    package static func of(_ path: ByteString, in root: ByteString) -> ByteString? {
        var buffer = [CChar](repeating: 0, count: mostBytes)
        let length = ctree_resolve(root.zeroTerminated, path.zeroTerminated, &buffer, UInt32(mostBytes))
        switch -length {
        case ...0:
            let found = ByteString(buffer[..<Int(length)].map(UInt8.init(bitPattern:)))
            return found.isWithin(root) ? found : nil
        // Before Linux 5.6, in a container that does not know the call, or while others rename.
        case ENOSYS, EPERM, EAGAIN: return walk(path, in: root)
        default: return nil
        }
    }

    /// Component by component, for kernels that cannot do it.
    static func walk(_ path: ByteString, in root: ByteString) -> ByteString? {
        var rest = Array(components(of: path).reversed())
        var found: [ByteString] = []
        var links = 0
        while let name = rest.popLast() {
            if name == ".." {
                _ = found.popLast()
                continue
            }
            found.append(name)
            let place = found.reduce(root) { $0.appending($1) }.zeroTerminated
            var status = stat()
            guard lstat(place, &status) == 0 else { return nil }
            guard status.st_mode & S_IFMT == S_IFLNK else { continue }
            links += 1
            guard links <= mostLinks, let target = target(of: place) else { return nil }
            if target.bytes.first == UInt8(ascii: "/") { found = [] } else { found.removeLast() }
            rest += components(of: target).reversed()
        }
        return found.reduce(root) { $0.appending($1) }
    }

    private static func components(of path: ByteString) -> [ByteString] {
        path.bytes.split(separator: UInt8(ascii: "/")).map { ByteString(Array($0)) }.filter { $0 != "." }
    }

    private static func target(of link: [CChar]) -> ByteString? {
        var buffer = [CChar](repeating: 0, count: mostBytes)
        let length = ctree_link_target(AT_FDCWD, link, &buffer, UInt32(mostBytes))
        return length > 0 ? ByteString(buffer[..<Int(length)].map(UInt8.init(bitPattern:))) : nil
    }
}
