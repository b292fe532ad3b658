internal import EventModel
internal import Glibc

enum DirectoryNames {
    /// The names in `directory`, at most `limit`; none when it cannot be read.
    static func list(_ directory: ByteString, limit: Int) -> [ByteString] {
        guard let stream = opendir(directory.zeroTerminated) else { return [] }
        defer { closedir(stream) }
        var names: [ByteString] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { field in
                ByteString(Array(field.prefix { $0 != 0 }))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
