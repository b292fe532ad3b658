internal import EventModel

/// The paths and digests of packages, read when they are asked for; those of the last packages are kept, up to a bound.
final class DpkgFileLists {
    /// Over all packages that are kept: 1.5 MB.
    static let maximumKept = 65_536
    /// 256 MiB: a list of some millions of paths.
    private static let largestFile = 256 << 20

    private struct Entry {
        var key: UInt64
        var digest: MD5Digest?
    }

    private struct Files {
        var package: ByteString
        var stamps: [FileStamp?]
        /// By key.
        var entries: [Entry]
    }

    private let directory: ByteString
    private let reader: LineReader
    private let keys: PathKeys
    /// The last one asked for comes first.
    private var kept: [Files] = []

    /// - Parameter directory: dpkg's `info`, as this process reaches it.
    init(directory: ByteString, reader: LineReader, keys: PathKeys) {
        self.directory = directory
        self.reader = reader
        self.keys = keys
    }

    /// Forgets all.
    func removeAll() { kept = [] }

    /// The digest of the path with this key; `.some(nil)` when the package lists it without one, `nil` when it does
    /// not list it.
    ///
    /// - Parameter package: `curl`, or `curl:amd64`.
    func digest(of key: UInt64, in package: ByteString) -> MD5Digest?? {
        let stamps = [FileStamp(path: file(package, ".list")), FileStamp(path: file(package, ".md5sums"))]
        guard let list = stamps[0] else { return nil }
        if let position = kept.firstIndex(where: { $0.package == package }) {
            let files = kept.remove(at: position)
            if files.stamps == stamps {
                kept.insert(files, at: 0)
                return find(key, in: files.entries)
            }
        }
        // Hardly a path takes less than 16 bytes: then it need not be tried.
        guard list.size / 16 < Self.maximumKept, let entries = load(package, only: nil) else {
            return load(package, only: key).flatMap { find(key, in: $0) }
        }
        keep(Files(package: package, stamps: stamps, entries: entries))
        return find(key, in: entries)
    }

    private func keep(_ files: Files) {
        kept.insert(files, at: 0)
        while kept.reduce(0, { $0 + $1.entries.count }) > Self.maximumKept || kept.count > 32 {
            kept.removeLast()
        }
    }

    private func find(_ key: UInt64, in entries: [Entry]) -> MD5Digest?? {
        position(of: key, in: entries).map { entries[$0].digest }
    }

    private func position(of key: UInt64, in entries: [Entry]) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].key == key ? low : nil
    }

    /// - Parameter wanted: the only key to look for; all for `nil`.
    /// - Returns: `nil` when there are more than are kept.
    private func load(_ package: ByteString, only wanted: UInt64?) -> [Entry]? {
        var entries: [Entry] = []
        forEachKey(of: package) { key in
            if wanted == nil || wanted == key { entries.append(Entry(key: key)) }
            return wanted == nil ? entries.count <= Self.maximumKept : entries.isEmpty
        }
        guard entries.count <= Self.maximumKept else { return nil }
        entries.sort { $0.key < $1.key }
        if !entries.isEmpty { addDigests(of: package, to: &entries) }
        return entries
    }

    /// `0123456789abcdef0123456789abcdef  usr/bin/curl`
    private func addDigests(of package: ByteString, to entries: inout [Entry]) {
        reader.read(file(package, ".md5sums"), limit: Self.largestFile) { block in
            block.forEachLine { line in
                guard line.count > 34, line[32] == UInt8(ascii: " "),
                    let position = position(of: keys.key(line.after(34)), in: entries)
                else { return true }
                entries[position].digest = MD5Digest(
                    hexadecimal: UnsafeRawBufferPointer(rebasing: line[..<32]))
                return true
            }
        }
    }

    /// Calls `body` with the key of each path that the package lists, until it returns `false`.
    func forEachKey(of package: ByteString, _ body: (UInt64) -> Bool) {
        reader.read(file(package, ".list"), limit: Self.largestFile) { block in
            block.forEachLine { line in line.count < 2 || body(keys.key(line)) }
        }
    }

    private func file(_ package: ByteString, _ suffix: StaticString) -> ByteString {
        directory.appending(package).appending(suffix: suffix)
    }
}

extension ByteString {
    func appending(suffix: StaticString) -> ByteString {
        ByteString(bytes + suffix.withUTF8Buffer { Array($0) })
    }
}
