/// Where metrics are served: never beyond this host.
package enum MetricsAddress: Equatable, Sendable {
    /// TCP on 127.0.0.1, or on ::1.
    case loopback(port: UInt16, isVersion6: Bool)
    /// A UNIX socket, for root and its group.
    case socket(String)

    /// `127.0.0.1:PORT`, `[::1]:PORT` or an absolute path; `nil` for anything else.
    package init?(_ text: String) {
        if text.hasPrefix("/") {
            self = .socket(text)
        } else if let port = Self.port(text, after: "127.0.0.1:") {
            self = .loopback(port: port, isVersion6: false)
        } else if let port = Self.port(text, after: "[::1]:") {
            self = .loopback(port: port, isVersion6: true)
        } else {
            return nil
        }
    }

    private static func port(_ text: String, after prefix: String) -> UInt16? {
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.dropFirst(prefix.count)
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt16(digits)
    }
}
