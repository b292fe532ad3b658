internal import EventModel

/// The paths and digests of packages, read when they are asked for; those of the last packages are kept, up to a bound.
///
/// Of a large package only a part is kept, from the path that was asked for on: dpkg works in the order of the list.
final class DpkgFileLists {
    /// Paths of one package, and of all packages: 400 and 800 KB.
    static let maximumOfPackage = 16_384
    static let maximumKept = 32_768
    /// 256 MiB: a list of some millions of paths.
    private static let largestFile = 256 << 20

    private struct Entry {
        var key: UInt64
        var digest = MD5Digest.none
    }

    private struct Files {
        var package: ByteString
        var stamps: [FileStamp?]
        /// By key.
        var entries: [Entry]
        /// The package may have more.
        var isPart: Bool
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
                if let position = find(key, in: files.entries) { return files.entries[position].digest.ifAny }
                if !files.isPart { return nil }
                kept.removeFirst()
            }
        }
        var files = Files(package: package, stamps: stamps, entries: [], isPart: false)
        load(&files, from: nil, size: list.size)
        // The list goes on: then what was asked for is to be in the part that is kept.
        if files.isPart, find(key, in: files.entries) == nil { load(&files, from: key, size: list.size) }
        addDigests(to: &files)
        keep(files)
        return find(key, in: files.entries).map { files.entries[$0].digest.ifAny }
    }

    private func keep(_ files: Files) {
        kept.insert(files, at: 0)
        while kept.reduce(0, { $0 + $1.entries.count }) > Self.maximumKept || kept.count > 32 {
            kept.removeLast()
        }
    }

    private func find(_ key: UInt64, in entries: [Entry]) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].key == key ? low : nil
    }

    /// - Parameter first: where the part begins; at the beginning for `nil`.
    private func load(_ files: inout Files, from first: UInt64?, size: Int64) {
        var entries: [Entry] = []
        entries.reserveCapacity(min(Self.maximumOfPackage, Int(size / 40)))
        var (isWithin, isFull) = (first == nil, false)
        forEachKey(of: files.package) { key in
            isWithin = isWithin || key == first
            guard isWithin else { return true }
            isFull = entries.count == Self.maximumOfPackage
            if !isFull { entries.append(Entry(key: key)) }
            return !isFull
        }
        entries.sort { $0.key < $1.key }
        (files.entries, files.isPart) = (entries, isFull || first != nil)
    }

    /// `0123456789abcdef0123456789abcdef  usr/bin/curl`
    private func addDigests(to files: inout Files) {
        guard !files.entries.isEmpty else { return }
        reader.read(file(files.package, ".md5sums"), limit: Self.largestFile) { block in
            block.forEachLine { line in
                guard line.count > 34, line[32] == UInt8(ascii: " "),
                    let position = find(keys.key(line.after(34)), in: files.entries),
                    let digest = MD5Digest(hexadecimal: UnsafeRawBufferPointer(rebasing: line[..<32]))
                else { return true }
                files.entries[position].digest = digest
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
