internal import Baseline
internal import EventModel
internal import Glibc
internal import SensorCore

/// A line on standard error that says how far a scan is, when a person is looking.
final class ScanProgress {
    private let isOn = isatty(STDERR_FILENO) == 1
    private var shownAt: UInt64 = 0

    func show(_ root: ByteString, _ result: ScanResult) {
        let now = Clock.monotonic
        guard isOn, now &- shownAt > 200_000_000 else { return }
        shownAt = now
        let text = "\(root.text): \(result.files) files in \(result.directories) directories"
        BaselineSession.say("\r\u{1b}[K" + text + (result.changes > 0 ? ", \(result.changes) changes" : ""))
    }

    /// Takes the line away.
    func end() {
        if shownAt > 0 { BaselineSession.say("\r\u{1b}[K") }
        shownAt = 0
    }
}

/// What a scan has to say at its end.
enum ScanText {
    static func summary(_ root: ByteString, _ result: ScanResult, isFirst: Bool) -> String {
        var text = "\(root.text): \(result.files) files in \(result.directories) directories"
        text += isFirst ? ", \(result.taken) taken into the baseline" : ", \(result.changes) changes"
        if isFirst, result.changes > 0 { text += ", \(result.changes) changes since the scan began" }
        if result.unreadable > 0 { text += "; \(result.unreadable) directories could not be read" }
        return text
    }
}
