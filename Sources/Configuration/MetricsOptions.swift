/// Where metrics can be asked for (`metrics`). Never from another host.
package struct MetricsOptions: Equatable, Sendable {
    package enum Endpoint: Equatable, Sendable {
        /// A TCP port of 127.0.0.1.
        case loopback(port: UInt16)
        /// A socket of the filesystem.
        case socket(path: String)
    }

    package var listen = Endpoint.loopback(port: 9_469)

    package init() {}
}

extension MetricsOptions {
    static let section = Section<MetricsOptions>(
        Key("listen", \.listen, .endpoint, required: "127.0.0.1:9469")
    )
}

extension Form where Value == MetricsOptions.Endpoint {
    fileprivate static var endpoint: Form {
        scalar(
            "an address on this host", advice: "127.0.0.1:PORT or unix:/PATH",
            parse: { text, type in type == .text ? MetricsOptions.Endpoint(text) : nil },
            write: { .text($0.text) })
    }
}

extension MetricsOptions.Endpoint {
    private static let host = "127.0.0.1:"
    private static let scheme = "unix:"

    /// The longest that `sockaddr_un` takes.
    private static let mostPathBytes = 107

    fileprivate init?(_ text: String) {
        if text.hasPrefix(Self.host) {
            guard let number = decimal(text.dropFirst(Self.host.utf8.count)),
                let port = UInt16(exactly: number), port > 0
            else { return nil }
            self = .loopback(port: port)
        } else {
            guard text.hasPrefix(Self.scheme) else { return nil }
            let path = String(text.dropFirst(Self.scheme.utf8.count))
            let slash = UInt8(ascii: "/")
            guard path.utf8.first == slash, path.utf8.last != slash, path.utf8.count <= Self.mostPathBytes
            else {
                return nil
            }
            self = .socket(path: path)
        }
    }

    package var text: String {
        switch self {
        case .loopback(let port): "\(Self.host)\(port)"
        case .socket(let path): Self.scheme + path
        }
    }
}
