internal import Reporting

/// The answer to a request, one JSON document.
package enum ControlAnswer: Sendable {
    /// What was done, or is being done now: `{"done": …}`.
    case done(String)
    /// Why it was not done: `{"error": …}`.
    case failed(String)
    /// JSON as it is, one line with its line feed.
    case document([UInt8])

    /// Bytes of an answer to anything but `status`.
    package static let maximumLength = 65_536

    var bytes: [UInt8] {
        switch self {
        case .done(let text): Self.encode("done", text)
        case .failed(let text): Self.encode("error", text)
        case .document(let bytes):
            bytes.count <= Self.maximumLength
                ? bytes : Self.encode("error", "the answer has more than \(Self.maximumLength) bytes")
        }
    }

    private static func encode(_ key: StaticString, _ text: String) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.root { $0.field(key, String(text.prefix(2_048))) }
        writer.append("\n")
        return writer.copy
    }
}
