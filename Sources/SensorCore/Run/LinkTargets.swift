internal import EventModel
internal import Glibc

/// Where the symbolic links in a tree lead.
enum LinkTargets {
    /// Entries that are looked at, and targets that are found, at most.
    private static let mostEntries = 100_000
    private static let mostTargets = 256

    /// What links at and below `root` lead to outside of it, without symbolic links, each once.
    ///
    /// - Parameter depth: levels of directories below `root` that are entered.
    static func outside(_ root: ByteString, depth: Int) -> [ByteString] {
        var targets: [ByteString] = []
        var waiting: [(path: ByteString, depth: Int)] = [(root, 0)]
        var entries = 0
        while let directory = waiting.popLast() {
            guard let stream = opendir(directory.path.zeroTerminated) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream), entries < mostEntries {
                entries += 1
                let name = Self.name(of: entry)
                guard name != ".", name != ".." else { continue }
                let path = directory.path.appending(name)
                switch Int32(entry.pointee.d_type) {
                case Int32(DT_DIR) where directory.depth < depth: waiting.append((path, directory.depth + 1))
                case Int32(DT_LNK):
                    guard let target = SensorPlaces.resolved(path.text), !target.isWithin(root),
                        !targets.contains(target), targets.count < mostTargets
                    else { continue }
                    targets.append(target)
                default: continue
                }
            }
        }
        return targets.sorted()
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> ByteString {
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            ByteString(Array(bytes.prefix { $0 != 0 }))
        }
    }
}
