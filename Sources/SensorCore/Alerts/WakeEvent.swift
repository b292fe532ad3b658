internal import CWait
internal import Glibc
package import KernelSources

/// An eventfd by which one thread wakes another. Each of them holds it, so that nobody signals a descriptor that is
/// another file's by then.
package final class WakeEvent: Sendable {
    let descriptor: Int32

    package init() throws(KernelError) { descriptor = try check("eventfd(2)", cwait_open_event()) }

    deinit { close(descriptor) }

    func signal() { cwait_signal_event(descriptor) }

    /// Waits until it is signalled, `timeout` milliseconds at most, and clears it. Returns whether it was.
    @discardableResult
    func wait(timeout: Int32) -> Bool { cwait_await_event(descriptor, timeout) != 0 }
}
