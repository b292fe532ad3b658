internal import CPackages
internal import EventModel
internal import Glibc

/// Reads text files in blocks of whole lines through one buffer. One thread owns it.
///
/// Files are read, not mapped: one that is cut short meanwhile would kill the process that has it mapped.
final class LineReader {
    /// Bytes of the longest line that is looked at; longer ones are left out.
    static let longestLine = 65_536
    private static let newline = Int32(UInt8(ascii: "\n"))

    /// A newline, then room for lines, then for the newline that the last line may lack.
    private let buffer = UnsafeMutableRawPointer.allocate(byteCount: longestLine + 2, alignment: 16)

    init() { buffer.storeBytes(of: UInt8(ascii: "\n"), as: UInt8.self) }

    deinit { buffer.deallocate() }

    /// Gives `body` the file's lines, some at a time: a newline, the lines, and a newline at their end.
    ///
    /// - Parameters:
    ///   - path: as this process reaches it. What is no regular file is as if it were not there.
    ///   - limit: bytes after which it ends.
    ///   - body: returns `false` to end it. The bytes are valid during the call.
    /// - Returns: the stamp that the file had when it was opened; `nil` when it cannot be read.
    @discardableResult
    func read(
        _ path: ByteString, from start: Int64 = 0, limit: Int, _ body: (UnsafeRawBufferPointer) -> Bool
    ) -> FileStamp? {
        // It does not wait: a fifo in the place of the file must not hold us.
        let descriptor = cpackages_open(path.zeroTerminated, 1)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let stamp = FileStamp(descriptor: descriptor), stamp.type == .file else { return nil }
        if start > 0 { lseek(descriptor, off_t(start), SEEK_SET) }
        readLines(of: descriptor, limit: limit, body)
        return stamp
    }

    private func readLines(of descriptor: Int32, limit: Int, _ body: (UnsafeRawBufferPointer) -> Bool) {
        // `filled` bytes stand after the first newline; what came before them is part of a line that is left out.
        var (filled, left, isTooLong) = (0, limit, false)
        while left > 0 {
            let got = Glibc.read(descriptor, buffer + 1 + filled, min(left, Self.longestLine - filled))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            left -= got
            filled += got
            let last = 1 + cpackages_last_newline(buffer + 1, filled)
            guard last <= filled else {
                if filled == Self.longestLine { (filled, isTooLong) = (0, true) }
                continue
            }
            // The newline of the line that is left out stands in for the one before the first line.
            let first = isTooLong ? memchr(buffer + 1, Self.newline, filled).map { $0 - buffer } ?? last : 0
            isTooLong = false
            if last > first, !body(UnsafeRawBufferPointer(start: buffer + first, count: last + 1 - first)) {
                return
            }
            filled -= last
            memmove(buffer + 1, buffer + 1 + last, filled)
        }
        guard filled > 0, !isTooLong else { return }
        buffer.storeBytes(of: UInt8(ascii: "\n"), toByteOffset: 1 + filled, as: UInt8.self)
        _ = body(UnsafeRawBufferPointer(start: buffer, count: filled + 2))
    }
}

extension UnsafeRawBufferPointer {
    /// Calls `body` with each line of what a `LineReader` gives, without its newline, until it returns `false`.
    ///
    /// - Returns: whether all lines were seen.
    @discardableResult
    func forEachLine(from first: Int = 1, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var start = first
        while start < count, let base = baseAddress,
            let end = memchr(base + start, Int32(UInt8(ascii: "\n")), count - start)
        {
            let next = UnsafeRawPointer(end) - base
            if !body(UnsafeRawBufferPointer(rebasing: self[start..<next])) { return false }
            start = next + 1
        }
        return true
    }

    /// Where `needle` begins, at `first` or later.
    func position(of needle: [UInt8], from first: Int) -> Int? {
        guard first < count, let base = baseAddress else { return nil }
        let position = first + cpackages_find(base + first, count - first, needle, needle.count)
        return position < count ? position : nil
    }

    func starts(withBytes prefix: StaticString) -> Bool {
        guard count >= prefix.utf8CodeUnitCount, let base = baseAddress else { return false }
        return memcmp(base, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
    }

    /// What stands after the first `length` bytes.
    func after(_ length: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[length...]) }
}
