internal import EventModel

/// The end of dpkg's log, which knows the versions of packages that are gone.
struct DpkgLog {
    let file: ByteString
    let reader: LineReader
    /// About 3,000 lines.
    private static let tail = 256 << 10

    /// The version of `package` (`curl`, or `curl:amd64`) that was removed, purged or upgraded last.
    func formerVersion(of package: ByteString) -> (version: ByteString, architecture: ByteString?)? {
        guard let stamp = FileStamp(path: file) else { return nil }
        var found: (ByteString, ByteString?)?
        let needle = [UInt8(ascii: " ")] + package.bytes
        reader.read(file, from: max(0, stamp.size - Int64(Self.tail)), limit: Self.tail) { block in
            var position = 0
            while let hit = block.position(of: needle, from: position) {
                position = hit + 1
                let line = Self.line(around: hit, in: block)
                if let former = Self.former(line, package) { found = former }
            }
            return true
        }
        return found
    }

    private static func line(around position: Int, in block: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer
    {
        let newline = UInt8(ascii: "\n")
        let start = block[...position].lastIndex(of: newline).map { $0 + 1 } ?? 0
        let end = block[position...].firstIndex(of: newline) ?? block.count
        return UnsafeRawBufferPointer(rebasing: block[min(start, end)..<end])
    }

    /// `2026-11-27 09:10:49 remove curl:amd64 7.88.1-10 <none>`
    private static func former(_ line: UnsafeRawBufferPointer, _ package: ByteString) -> (
        ByteString, ByteString?
    )? {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 8).map { ByteString(Array($0)) }
        guard words.count >= 5, ["remove", "purge", "upgrade"].contains(words[2]), words[4] != "<none>" else {
            return nil
        }
        let parts = words[3].bytes.split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard words[3] == package || parts.first.map({ ByteString(Array($0)) }) == package else { return nil }
        return (words[4], parts.count > 1 ? ByteString(Array(parts[1])) : nil)
    }
}
