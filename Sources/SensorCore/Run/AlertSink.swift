internal import EventModel
internal import KernelSources

/// The alert file as the place where finished events go.
final class AlertSink: EventSink {
    private let file: AlertFile
    /// Signalled when more is on disk.
    private let wake: WakeEvent
    private var position: UInt64 = 0
    /// The disk took nothing for too long: not before then is it waited for again.
    private var nextWait: UInt64 = 0

    /// Nanoseconds: how long the disk is waited for, and how long not once that was in vain.
    private enum Patience {
        static let wait: UInt64 = 1_500_000_000
        static let pause: UInt64 = 10_000_000_000
    }
    private(set) var changes: [ChangeKind: UInt64] = [:]
    private(set) var unattributed: UInt64 = 0

    /// - Throws: `KernelError` when the file cannot be opened.
    init(path: String, options: AlertFileOptions, host: HostRoot = HostRoot()) throws(KernelError) {
        wake = try WakeEvent()
        file = try AlertFile(path: path, options: options, wake: wake, host: host)
    }

    func take(_ event: SensorEvent) {
        if case .change(let change) = event {
            changes[change.kind, default: 0] += 1
            if change.source != .scan, change.attribution?.process.executable.isKnown != true {
                unattributed += 1
            }
        }
        awaitRoom()
        position = file.take(event)
    }

    /// Waits for a disk that is slow: meanwhile events wait in the kernel. One that is full or hangs gets what it takes,
    /// and the rest is counted.
    private func awaitRoom() {
        guard !file.hasRoom, Clock.monotonic >= nextWait else { return }
        let deadline = Clock.monotonic &+ Patience.wait
        while !file.hasRoom, file.status.trouble == nil {
            guard Clock.monotonic < deadline else {
                nextWait = Clock.monotonic &+ Patience.pause
                return
            }
            wake.wait(timeout: 100)
        }
    }

    func flush() { file.flush() }

    func settle(patience: Int32) -> Bool {
        file.flush()
        let deadline = Clock.monotonic &+ UInt64(max(patience, 0)) &* 1_000_000
        while file.durable < position {
            let now = Clock.monotonic
            guard now < deadline else { return false }
            wake.wait(timeout: Int32((deadline - now) / 1_000_000) + 1)
        }
        return true
    }

    func reopen() { file.reopen() }

    func rotate() { file.rotate() }

    /// Writes what remains and closes the file. Returns whether everything is on disk.
    func finish() -> Bool { file.finish() }

    var events: UInt64 { file.events }
    var lost: UInt64 { file.lost }
    var status: AlertFileStatus { file.status }
}
