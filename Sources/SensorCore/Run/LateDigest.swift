internal import EventModel
internal import FileReading

/// A large file whose content is being read, a part at a time.
struct LateDigest {
    let path: ByteString
    /// What its digest was, when nothing was told of its content.
    let known: SHA256Digest?
    /// The file as it was before it was read.
    let first: FileAttributes
    private let content: LargeContent
    /// The same, with its digests once it has been read.
    private(set) var read: FileAttributes
    /// Nanoseconds that reading has taken so far.
    private(set) var took: UInt64 = 0

    /// Opens it; `nil` when it has gone.
    init?(_ task: DigestPace.Task, _ reader: PathReader) {
        guard let first = reader.attributes(of: task.path, digestLimit: 0), first.type == .file,
            let content = reader.openContent(of: task.path)
        else { return nil }
        (path, known, self.first, self.content, read) = (task.path, task.known, first, content, first)
    }

    /// Reads the next part. Returns whether that was the last one.
    mutating func readOn() -> Bool {
        let began = Clock.monotonic
        defer { took &+= Clock.monotonic &- began }
        if content.readOn() { return false }
        content.addDigests(to: &read)
        return true
    }
}
