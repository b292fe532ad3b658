/// What has come from a scraper so far: as little of HTTP/1.1 as `GET /metrics` needs.
package enum MetricsRequest: Equatable, Sendable {
    case incomplete
    /// - Parameter body: false for HEAD.
    case metrics(body: Bool)
    case refused(Refusal)

    /// Bytes of the request line and the header fields together.
    package static let maximumLength = 4_096

    /// The raw value is the status line's end.
    package enum Refusal: String, CaseIterable, Sendable {
        case bad = "400 Bad Request"
        case notFound = "404 Not Found"
        case method = "405 Method Not Allowed"
        case timeout = "408 Request Timeout"
        case tooLong = "431 Request Header Fields Too Large"
        case starting = "503 Service Unavailable"
        case version = "505 HTTP Version Not Supported"
    }

    /// Header fields are passed over: none changes the answer.
    package init(_ bytes: [UInt8]) {
        let bytes = bytes.prefix(Self.maximumLength)
        guard Self.isComplete(bytes) else {
            self = bytes.count < Self.maximumLength ? .incomplete : .refused(.tooLong)
            return
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, words.allSatisfy({ !$0.isEmpty }), words[2].starts(with: "HTTP/".utf8) else {
            self = .refused(.bad)
            return
        }
        self = Self.decide(
            method: words[0], target: words[1], version: words[2].dropFirst("HTTP/".utf8.count))
    }

    private static func decide(
        method: ArraySlice<UInt8>, target: ArraySlice<UInt8>, version: ArraySlice<UInt8>
    ) -> MetricsRequest {
        guard version.elementsEqual("1.1".utf8) || version.elementsEqual("1.0".utf8) else {
            return .refused(.version)
        }
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        guard path.elementsEqual("/metrics".utf8) else { return .refused(.notFound) }
        if method.elementsEqual("GET".utf8) { return .metrics(body: true) }
        return method.elementsEqual("HEAD".utf8) ? .metrics(body: false) : .refused(.method)
    }

    /// Whether an empty line has come; lines end with a line feed, a carriage return before it or not.
    private static func isComplete(_ bytes: ArraySlice<UInt8>) -> Bool {
        var length = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"):
                if length == 0 { return true }
                length = 0
            case UInt8(ascii: "\r"): continue
            default: length += 1
            }
        }
        return false
    }
}

extension MetricsRequest {
    /// A whole response, after which the connection ends.
    ///
    /// - Parameters:
    ///   - status: the status line's end.
    ///   - hasBody: whether `content` follows its length.
    static func response(_ status: String, _ content: [UInt8], hasBody: Bool = true) -> [UInt8] {
        let head = """
            HTTP/1.1 \(status)\r
            Content-Type: text/plain; version=0.0.4; charset=utf-8\r
            Content-Length: \(content.count)\r
            Connection: close\r
            \r\n
            """
        return Array(head.utf8) + (hasBody ? content : [])
    }

    static func response(_ refusal: Refusal) -> [UInt8] {
        response(refusal.rawValue, Array((refusal.rawValue + "\n").utf8))
    }
}
