package import EventModel
package import KernelSources

/// The alerts as JSON lines in a file that is rotated, durable before they are acknowledged. One thread owns it.
///
/// A slow or full disk never holds up the owner. Whoever owns the file must see to it that no other process writes it:
/// a lock on the file itself would not outlast a rotation, so the lock on the sensor's state serves.
package final class AlertFile {
    private let writer: AlertWriter
    private var lines: OutgoingLines
    private let host: HostRoot

    /// Opens the file, with mode 0600 and its directories with 0750 where they are missing, mends what a kill has left,
    /// and starts the thread that writes.
    ///
    /// - Parameter wake: is signalled when `durable` has grown.
    /// - Throws: `KernelError` when the file cannot be opened or mended, or the host refuses a thread.
    package convenience init(
        path: String, options: AlertFileOptions = .init(), wake: WakeEvent? = nil
    ) throws(KernelError) {
        try self.init(path: path, options: options, wake: wake, host: HostRoot())
    }

    /// - Parameter host: what stands before the paths of the host's files; the lines leave it out.
    init(path: String, options: AlertFileOptions, wake: WakeEvent?, host: HostRoot) throws(KernelError) {
        self.host = host
        lines = OutgoingLines(encoder: LineEncoder(host: host), source: "alerts")
        writer = try AlertWriter(path: path, options: options, wake: wake)
    }

    /// Takes the event over. Never waits for the disk. Returns its position: it is acknowledged when `durable` is
    /// that or more.
    @discardableResult
    package func take(_ event: SensorEvent) -> UInt64 {
        lines.take(host.told(event), for: writer.buffer)
        return lines.events
    }

    /// Hands over what has been taken, and what has been lost. Never waits for the disk.
    package func flush() { lines.flush(to: writer.buffer) }

    /// Whether the next events would be taken over. Room is only ever made until then.
    var hasRoom: Bool {
        writer.buffer.hasRoom(for: min(2 * OutgoingLines.batch, writer.buffer.limit / 2))
    }

    /// The position up to which each event is on disk, or counted in a gap that is. Any thread.
    ///
    /// Without `sync`: is in the kernel's cache.
    package var durable: UInt64 { writer.durable }

    /// Goes to a new file if the one that is open has been moved from its path: after an external rotation.
    package func reopen() { writer.reopen() }

    /// Begins a new file: a rotation, whatever the size.
    package func rotate() { writer.rotate() }

    /// Writes what remains, and what has been lost if a second makes room for that. Ends the thread. Returns whether
    /// everything is on disk.
    package func finish() -> Bool {
        lines.finish(to: writer.buffer)
        return writer.buffer.finish(patience: 5_000)
    }

    /// Events taken so far.
    package var events: UInt64 { lines.events }
    /// Events that were lost because the disk did not take them.
    package var lost: UInt64 { lines.lost }
    /// What has happened to the file.
    package var status: AlertFileStatus { writer.status }
}
