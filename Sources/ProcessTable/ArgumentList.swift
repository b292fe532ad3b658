internal import EventModel

/// The arguments of a program in one piece: thousands of lists with hundreds of arguments may be remembered.
struct ArgumentList: Sendable {
    /// Bytes that a list may have; the kernel allows 2 MB, and somebody may execute that again and again.
    static let limit = 32_768

    /// Each argument with a zero behind it.
    private let bytes: [UInt8]

    /// `nil` for a list that is longer than the limit.
    init?(_ arguments: [ByteString]) {
        let count = arguments.reduce(0) { $0 + $1.count + 1 }
        guard count <= Self.limit else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for argument in arguments {
            bytes += argument.bytes
            bytes.append(0)
        }
        self.bytes = bytes
    }

    var byteCount: Int { bytes.count }

    var arguments: [ByteString] {
        var result: [ByteString] = []
        var begin = 0
        while let end = bytes[begin...].firstIndex(of: 0) {
            result.append(ByteString(Array(bytes[begin..<end])))
            begin = end + 1
        }
        return result
    }
}
