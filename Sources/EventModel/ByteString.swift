/// Bytes as the kernel gave them: a path, a name, an argument. Not necessarily UTF-8, never zero-terminated.
package struct ByteString: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    /// Copies `span`.
    package init(_ span: Span<UInt8>) {
        bytes = []
        bytes.reserveCapacity(span.count)
        for index in span.indices { bytes.append(span[index]) }
    }

    package var isEmpty: Bool { bytes.isEmpty }
    package var count: Int { bytes.count }

    /// For calls of C.
    package var zeroTerminated: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    /// The bytes as text, invalid sequences replaced by U+FFFD.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension ByteString: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension ByteString: Comparable {
    package static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension ByteString {
    /// Whether this path is `directory` or lies below it. Both absolute, without a trailing slash except for "/".
    package func isWithin(_ directory: ByteString) -> Bool {
        let prefix = directory.bytes
        if prefix == [UInt8(ascii: "/")] { return bytes.first == UInt8(ascii: "/") }
        guard bytes.count >= prefix.count, bytes.starts(with: prefix) else { return false }
        return bytes.count == prefix.count || bytes[prefix.count] == UInt8(ascii: "/")
    }

    /// The path of `name` in the directory that this path names.
    package func appending(_ name: ByteString) -> ByteString {
        var joined = bytes
        joined.reserveCapacity(bytes.count + 1 + name.count)
        if joined.last != UInt8(ascii: "/") { joined.append(UInt8(ascii: "/")) }
        joined.append(contentsOf: name.bytes)
        return ByteString(joined)
    }

    /// What stands after the last slash.
    package var lastComponent: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return ByteString(Array(bytes[(slash + 1)...]))
    }

    /// What stands before the last slash; "/" for names in the root.
    package var parent: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return "/" }
        return ByteString(Array(bytes[..<slash]))
    }
}
