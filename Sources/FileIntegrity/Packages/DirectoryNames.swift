internal import EventModel
internal import Glibc

enum DirectoryNames {
    /// The names in `directory` that end with `suffix`, without it, at most `limit`; none when it cannot be read.
    static func list(_ directory: ByteString, suffix: ByteString = "", limit: Int) -> [ByteString] {
        guard let stream = opendir(directory.zeroTerminated) else { return [] }
        defer { closedir(stream) }
        var names: [ByteString] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { field in
                let name = field.prefix { $0 != 0 }
                return name.suffix(suffix.count).elementsEqual(suffix.bytes)
                    ? Array(name.dropLast(suffix.count)) : nil
            }
            if let name { names.append(ByteString(name)) }
        }
        return names
    }
}
