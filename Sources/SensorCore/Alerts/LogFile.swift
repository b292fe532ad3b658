internal import Glibc
internal import KernelSources

/// One open file of whole lines, written at its end. Closes its descriptor when it goes away.
///
/// What is appended is there in whole lines or not at all, whatever the disk says in the middle.
struct LogFile: ~Copyable {
    /// How far back the end of the last whole line is looked for.
    static let farthest = 16 << 20

    private let descriptor: Int32
    private let device: dev_t
    private let inode: ino_t
    /// Bytes of whole lines in it.
    private(set) var size: Int
    /// There may be a part of a line behind them, which could not be cut off yet.
    private var isTorn = false
    /// Bytes of a line without an end that were cut off when it was opened.
    let healed: Int

    /// Opens or makes the file at `path`, cuts off the part of a line that a kill has left at its end, and has its name
    /// on disk.
    ///
    /// - Throws: `KernelError` with `EBADMSG` when no line ends in the last 16 MB of it; with `EINVAL` when it is
    ///   no regular file.
    init(path: String) throws(KernelError) {
        // Not blocking: a FIFO would wait for a reader.
        let descriptor = Glibc.open(
            path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw KernelError(call: "open(2)", errno: errno, advice: path) }
        let (status, whole): (stat, Int)
        do throws(KernelError) {
            status = try Self.status(descriptor)
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw KernelError(call: "open(2)", errno: EINVAL, advice: "\(path) is not a regular file")
            }
            whole = try Self.heal(descriptor)
            try Directories.sync(holding: path)
        } catch {
            close(descriptor)
            throw error
        }
        (size, healed) = (whole, Int(status.st_size) - whole)
        (self.descriptor, device, inode) = (descriptor, status.st_dev, status.st_ino)
    }

    deinit { close(descriptor) }

    /// Appends what `bytes` has from `done` on, which are whole lines, and moves `done` behind what is in the file.
    mutating func append(_ bytes: [UInt8], from done: inout Int) throws(KernelError) {
        try mend()
        var end = done
        while end < bytes.count {
            let result = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: end), bytes.count - end)
            }
            if result > 0 {
                end += result
            } else if result == 0 || errno != EINTR {
                let error = KernelError(call: "write(2)", errno: result == 0 ? EIO : errno)
                keepWhole(bytes, from: &done, to: end)
                throw error
            }
        }
        size += end - done
        done = end
    }

    /// Keeps the whole lines of `bytes[done..<end]`, which are in the file, and cuts off the rest.
    private mutating func keepWhole(_ bytes: [UInt8], from done: inout Int, to end: Int) {
        guard let newline = bytes[done..<end].lastIndex(of: UInt8(ascii: "\n")) else {
            isTorn = end > done
            try? mend()
            return
        }
        isTorn = newline + 1 < end
        size += newline + 1 - done
        done = newline + 1
        try? mend()
    }

    /// Cuts off the part of a line at the end. Looked for anew: somebody may have emptied the file since.
    private mutating func mend() throws(KernelError) {
        guard isTorn else { return }
        size = try Self.heal(descriptor)
        isTorn = false
    }

    /// Cuts off everything behind `size`.
    mutating func cut(to size: Int) throws(KernelError) {
        let present = Int(try Self.status(descriptor).st_size)
        guard present > size else { return }
        try Self.truncate(descriptor, size)
        (self.size, isTorn) = (size, false)
    }

    /// Has all of it on disk.
    ///
    /// The corresponding system call is `fdatasync(2)`: it brings the size along, and the times are nobody's concern.
    func sync(_ flush: (Int32) -> Int32) throws(KernelError) {
        guard flush(descriptor) == 0 else { throw KernelError(call: "fdatasync(2)", errno: errno) }
    }

    /// What became of the file since it was opened.
    enum Fate { case present, emptied, moved, removed }

    /// Compares with what is at `path` now.
    mutating func fate(at path: String) throws(KernelError) -> Fate {
        let own = try Self.status(descriptor)
        var other = stat()
        let isThere = stat(path, &other) == 0 && other.st_dev == device && other.st_ino == inode
        guard isThere else { return own.st_nlink == 0 ? .removed : .moved }
        guard Int(own.st_size) < size else { return .present }
        size = Int(own.st_size)
        return .emptied
    }

    private static func status(_ descriptor: Int32) throws(KernelError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw KernelError(call: "fstat(2)", errno: errno) }
        return status
    }

    private static func truncate(_ descriptor: Int32, _ size: Int) throws(KernelError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw KernelError(call: "ftruncate(2)", errno: errno)
        }
    }

    /// Cuts the file off behind its last newline. Returns its size.
    private static func heal(_ descriptor: Int32) throws(KernelError) -> Int {
        let present = Int(try status(descriptor).st_size)
        let whole = try endOfLastLine(descriptor, present)
        if whole < present { try truncate(descriptor, whole) }
        return whole
    }

    private static func endOfLastLine(_ descriptor: Int32, _ size: Int) throws(KernelError) -> Int {
        // Almost always the last byte.
        var length = 1
        var end = size
        while end > 0 {
            guard size - end < farthest else {
                throw KernelError(
                    call: "pread(2)", errno: EBADMSG, advice: "no line ends in the last 16 MB of the file")
            }
            let start = max(0, end - length)
            let chunk = try read(descriptor, start..<end)
            if let newline = chunk.lastIndex(of: UInt8(ascii: "\n")) { return start + newline + 1 }
            end = start
            length = 65_536
        }
        return 0
    }

    /// Exactly these bytes.
    private static func read(_ descriptor: Int32, _ range: Range<Int>) throws(KernelError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < chunk.count {
            let got = chunk.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress?.advanced(by: done), range.count - done,
                    off_t(range.lowerBound + done))
            }
            guard got > 0 || (got < 0 && errno == EINTR) else {
                throw KernelError(call: "pread(2)", errno: got == 0 ? EIO : errno)
            }
            done += max(0, got)
        }
        return chunk
    }
}
