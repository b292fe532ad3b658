/// Where metrics are served: never beyond this host.
package enum MetricsAddress: Equatable, Sendable {
    /// TCP on 127.0.0.1.
    case loopback(port: UInt16)
    /// A UNIX socket, for root and its group.
    case socket(String)
}
