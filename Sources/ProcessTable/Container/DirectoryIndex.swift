internal import EventModel

/// Values by directory, made for the question which of the directories a path lies in.
///
/// The question costs one pass over the path: its hash grows byte by byte, and is looked up before each slash. A
/// path below none of the directories, the common case, compares no bytes and allocates nothing.
struct DirectoryIndex<Value> {
    private var buckets: [UInt64: [(directory: ByteString, value: Value)]] = [:]
    private(set) var count = 0
    private var shortest = Int.max

    /// The value of exactly this directory: absolute, without a trailing slash.
    subscript(directory: ByteString) -> Value? {
        get { buckets[Self.hash(directory)]?.first { $0.directory == directory }?.value }
        set {
            let hash = Self.hash(directory)
            var bucket = buckets[hash] ?? []
            let position = bucket.firstIndex { $0.directory == directory }
            switch (position, newValue) {
            case (let position?, let value?): bucket[position].value = value
            case (let position?, nil):
                bucket.remove(at: position)
                count -= 1
            case (nil, let value?):
                bucket.append((directory, value))
                count += 1
                shortest = min(shortest, directory.count)
            case (nil, nil): return
            }
            buckets[hash] = bucket.isEmpty ? nil : bucket
        }
    }

    /// All values, in no order.
    var values: [Value] { buckets.values.flatMap { $0.map(\.value) } }

    /// The deepest directory that is `path` or above it. The root directory is never found.
    func deepest(above path: ByteString) -> (directory: ByteString, value: Value)? {
        guard count > 0, path.count >= shortest else { return nil }
        var found: (directory: ByteString, value: Value)?
        var hash = Self.seed
        for (length, byte) in path.bytes.enumerated() {
            if byte == UInt8(ascii: "/"), let entry = entry(hash, path, length) { found = entry }
            hash = Self.mix(hash, byte)
        }
        return entry(hash, path, path.count) ?? found
    }

    private func entry(_ hash: UInt64, _ path: ByteString, _ length: Int) -> (ByteString, Value)? {
        guard length >= shortest, let bucket = buckets[hash] else { return nil }
        for (directory, value) in bucket
        where directory.count == length && path.bytes.starts(with: directory.bytes) {
            return (directory, value)
        }
        return nil
    }

    /// FNV-1a, 64 bit. A collision costs a comparison, and the number of directories is bounded.
    private static var seed: UInt64 { 0xcbf2_9ce4_8422_2325 }
    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    private static func hash(_ path: ByteString) -> UInt64 { path.bytes.reduce(seed, mix) }
}
