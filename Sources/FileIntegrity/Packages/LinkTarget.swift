internal import EventModel
internal import Glibc

enum LinkTarget {
    /// Where the symbolic link at `path` points; `nil` when it is none.
    static func read(_ path: ByteString) -> ByteString? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let got = readlink(path.zeroTerminated, base, buffer.count)
            return got < 0 ? nil : ByteString(buffer.prefix(got).map { UInt8(bitPattern: $0) })
        }
    }
}
