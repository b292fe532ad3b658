internal import CDecompress
internal import Glibc

/// The bytes of one log file, decompressed when they are compressed.
struct AuditInput: ~Copyable {
    private let name: String
    private let descriptor: Int32
    private var decompressor: OpaquePointer?
    // What has been read of a compressed file, or of the first bytes of any file, and not been passed on.
    private var held = [UInt8](repeating: 0, count: 64 << 10)
    private var heldStart = 0
    private var heldEnd = 0
    private var isAtEnd = false
    /// Bytes that have been read, as they are on disk.
    private(set) var position: UInt64 = 0

    /// Opens `name`; `-` is standard input.
    init(opening name: String) throws(AuditParseFailure) {
        self.name = name
        descriptor = name == "-" ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw AuditParseFailure(file: name, code: errno) }
        // Six bytes tell the format, and a pipe may give them one by one.
        while heldEnd < 6, !isAtEnd { try fill() }
        let format = cdecompress_detect(held, heldEnd)
        if format != CDECOMPRESS_NONE {
            decompressor = cdecompress_open(format)
            guard decompressor != nil else { throw AuditParseFailure(file: name, code: ENOMEM) }
        }
    }

    deinit {
        cdecompress_close(decompressor)
        close(descriptor)
    }

    /// Reads some bytes; 0 at the end.
    mutating func read(into buffer: inout [UInt8]) throws(AuditParseFailure) -> Int {
        if let decompressor { return try decompress(decompressor, into: &buffer) }
        guard heldStart == heldEnd else {
            let count = min(buffer.count, heldEnd - heldStart)
            buffer.replaceSubrange(0..<count, with: held[heldStart..<heldStart + count])
            heldStart += count
            return count
        }
        return try read(&buffer, from: 0)
    }

    private mutating func decompress(
        _ state: OpaquePointer, into buffer: inout [UInt8]
    ) throws(AuditParseFailure) -> Int {
        while true {
            if heldStart == heldEnd, !isAtEnd {
                heldStart = 0
                heldEnd = 0
                try fill()
            }
            var consumed = 0
            let room = buffer.count
            let count = held.withUnsafeBufferPointer { input in
                buffer.withUnsafeMutableBufferPointer { output -> Int64 in
                    guard let base = output.baseAddress else { return 0 }
                    let start = input.baseAddress.map { $0 + heldStart }
                    return cdecompress_run(state, start, heldEnd - heldStart, base, room, &consumed)
                }
            }
            heldStart += consumed
            if count > 0 { return Int(count) }
            if count < 0 { throw AuditParseFailure("\(name): the compressed data is damaged; what came before was read") }
            if isAtEnd, heldStart == heldEnd || consumed == 0 {
                if cdecompress_at_end(state) != 0 { return 0 }
                throw AuditParseFailure("\(name): the compressed data ends too early; what came before was read")
            }
        }
    }

    private mutating func fill() throws(AuditParseFailure) {
        var buffer: [UInt8] = []
        swap(&buffer, &held)
        defer { swap(&buffer, &held) }
        let count = try read(&buffer, from: heldEnd)
        heldEnd += count
        if count == 0 { isAtEnd = true }
    }

    private mutating func read(_ buffer: inout [UInt8], from start: Int) throws(AuditParseFailure) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start)
            }
            if count >= 0 {
                position += UInt64(count)
                return count
            }
            if errno != EINTR { throw AuditParseFailure(file: name, code: errno) }
        }
    }
}
