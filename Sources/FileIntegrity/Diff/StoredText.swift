internal import CZlib
package import EventModel

/// Why a stored text cannot be read.
package enum StoredTextError: String, Error, CaseIterable {
    /// It is shorter than its header.
    case short
    /// Its format is not ours, or of another version.
    case unknownVersion = "unknown_version"
    /// It says that it holds more than the reader takes.
    case tooLarge = "too_large"
    /// The compressed bytes are damaged, or are not what the header says.
    case damaged
    /// There was no memory for it.
    case noMemory = "no_memory"
}

/// The content of a small text file as the baseline keeps it: compressed, with a header of 5 bytes: the version, 1, and
/// the original size, little-endian. After it comes a zlib stream (RFC 1950), whose checksum covers the content.
///
/// Storing takes at most 140 KB beyond the text and its result, reading 30 KB.
package enum StoredText {
    /// Content that is longer is not stored. Bytes.
    package static let mostBytes = 1 << 20
    private static let version: UInt8 = 1
    private static let headerSize = 5
    /// A window of 16 KB.
    private static let windowBits: Int32 = 14
    private static let memoryLevel: Int32 = 7

    /// - Returns: `nil` for content of more than `mostBytes`, and when there is no memory.
    ///
    /// The corresponding function is `deflate` in `zlib.h`.
    package static func compress(_ content: [UInt8]) -> ByteString? {
        guard content.count <= mostBytes else { return nil }
        var stream = z_stream()
        let started = deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var output = [version]
        for shift in stride(from: 0, to: 32, by: 8) {
            output.append(UInt8(truncatingIfNeeded: content.count >> shift))
        }
        let bound = headerSize + Int(deflateBound(&stream, UInt(content.count)))
        output.append(contentsOf: repeatElement(0, count: bound - headerSize))
        let result = transfer(&stream, from: content[...], to: &output, at: headerSize) {
            deflate(&$0, Z_FINISH)
        }
        guard result == Z_STREAM_END else { return nil }
        return ByteString(Array(output.prefix(headerSize + Int(stream.total_out))))
    }

    /// The content that `compress` was given. Never takes more than `limit` bytes for it, whatever `stored` says.
    ///
    /// The corresponding function is `inflate` in `zlib.h`.
    package static func expand(
        _ stored: ByteString, limit: Int = mostBytes
    ) throws(StoredTextError) -> [UInt8] {
        let bytes = stored.bytes
        guard bytes.count >= headerSize else { throw .short }
        guard bytes[0] == version else { throw .unknownVersion }
        let size = bytes[1..<headerSize].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size <= min(limit, mostBytes) else { throw .tooLarge }
        var stream = z_stream()
        let started = inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw .noMemory }
        defer { inflateEnd(&stream) }
        // One byte more than it should hold: an end can be seen, and a stream that goes on.
        var output = [UInt8](repeating: 0, count: size + 1)
        let result = transfer(&stream, from: bytes[headerSize...], to: &output, at: 0) {
            inflate(&$0, Z_FINISH)
        }
        if result == Z_MEM_ERROR { throw .noMemory }
        guard result == Z_STREAM_END, stream.total_out == size, stream.avail_in == 0 else { throw .damaged }
        output.removeLast()
        return output
    }

    /// Lets `run` read all of `input` and write into `output` from `start` on; the result is that of zlib.
    private static func transfer(
        _ stream: inout z_stream, from input: ArraySlice<UInt8>, to output: inout [UInt8], at start: Int,
        _ run: (inout z_stream) -> Int32
    ) -> Int32 {
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                // zlib does not write to its input.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress.map { $0 + start }
                stream.avail_out = UInt32(output.count - start)
                return run(&stream)
            }
        }
    }
}
