internal import EventModel
internal import Glibc

/// Reading directories by path, for watches that are set by path.
enum Listing {
    struct Entry {
        var path: ByteString
        var isDirectory: Bool
    }

    /// The status of the object itself, no link followed.
    private static func status(_ path: ByteString) -> stat? {
        var status = stat()
        return lstat(path.zeroTerminated, &status) == 0 ? status : nil
    }

    static func isDirectory(_ path: ByteString) -> Bool {
        status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    static func device(_ path: ByteString) -> dev_t? { status(path)?.st_dev }

    /// What is in the directory `path`; empty when it cannot be read.
    static func entries(of path: ByteString) -> [Entry] {
        guard let stream = opendir(path.zeroTerminated) else { return [] }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let entry = readdir(stream) {
            let name = DirectoryHandles.name(of: entry)
            if name == "." || name == ".." { continue }
            let full = path.appending(name)
            let type = Int(entry.pointee.d_type)
            let isDirectory = type == Int(DT_UNKNOWN) ? self.isDirectory(full) : type == Int(DT_DIR)
            entries.append(Entry(path: full, isDirectory: isDirectory))
        }
        return entries
    }
}
