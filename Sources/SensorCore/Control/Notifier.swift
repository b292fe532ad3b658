internal import CSocket
internal import Glibc

/// Tells the service manager how the sensor is. Without one it does nothing.
///
/// The corresponding call is `sd_notify(3)`.
package struct Notifier: Sendable {
    /// `@name` for the abstract namespace; `nil` without a service manager.
    private let path: String?

    /// - Parameter variable: the value of a variable of the environment.
    package init(variable: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }) {
        path = variable("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    }

    /// Each returns whether somebody has heard it.
    @discardableResult
    package func ready(_ status: String) -> Bool { send("READY=1\nSTATUS=\(oneLine(status))\n") }

    /// `ready` must follow when the new configuration is in force.
    @discardableResult
    package func reloading() -> Bool {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)\n")
    }

    @discardableResult
    package func stopping() -> Bool { send("STOPPING=1\n") }

    /// A sign of life for the watchdog.
    @discardableResult
    package func beat() -> Bool { send("WATCHDOG=1\n") }

    private func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.prefix(1_024).map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }

    private func send(_ text: String) -> Bool {
        guard let path else { return false }
        let bytes = Array(text.utf8)
        return csocket_send_datagram(path, bytes, bytes.count) == 0
    }
}
