internal import Glibc

/// Whole small files.
enum SmallFile {
    /// The content of `path`, at most `limit` bytes; empty when it cannot be read.
    static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while content.count < limit {
            let got = Glibc.read(descriptor, &chunk, min(chunk.count, limit - content.count))
            if got > 0 {
                content.append(contentsOf: chunk[..<got])
            } else if got == 0 || errno != EINTR {
                break
            }
        }
        return content
    }
}
