import Foundation

/// A pipe whose ends are closed with it, unless a test has closed the reading one.
final class TestPipe {
    private(set) var reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        (reader, writer) = (ends[0], ends[1])
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        closeReader()
        close(writer)
    }

    func closeReader() {
        if reader >= 0 { close(reader) }
        reader = -1
    }

    /// Bytes that nobody has read yet.
    var pending: Int {
        var count: Int32 = 0
        return ioctl(reader, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Reads exactly `count` bytes.
    func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                Foundation.read(reader, $0.baseAddress?.advanced(by: done), count - done)
            }
            guard got > 0 else { return Array(bytes[..<done]) }
            done += got
        }
        return bytes
    }
}

/// Until `condition` holds, so many seconds at most; whether it does.
func eventually(within seconds: TimeInterval = 5, _ condition: () -> Bool) -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while !condition() {
        if Date() > deadline { return false }
        usleep(1_000)
    }
    return true
}
