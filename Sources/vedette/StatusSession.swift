internal import Glibc
internal import Reporting
internal import SensorCore

/// One run of `vedette status`.
struct StatusSession {
    /// As typed; empty for the real one.
    var root: String
    var printsJSON: Bool
    var colour: Bool

    private var socket: String { RuntimeDirectory(root: root).controlSocket }

    /// Returns the exit code: 0 when all is live, 2 when something is not, 1 when that could not be found out.
    func run() -> Int32 {
        let answer: [UInt8]
        do throws(ControlFailure) {
            answer = try ControlClient.ask(.status, at: socket)
        } catch {
            return complain(advice(error))
        }
        guard let json = JSONValue(answer) else { return complain("the sensor's answer makes no sense") }
        if let error = json["error"]?.text { return complain(error) }
        guard let report = StatusReport(json) else { return complain("the sensor's answer makes no sense") }
        let now = Clock.realtime
        let table = StatusTable(report, now: now, colour: colour)
        guard print(printsJSON ? answer : table.render()) else {
            return complain("standard output cannot be written")
        }
        return report.isLive && !report.isStale(at: now) ? 0 : 2
    }

    private func advice(_ failure: ControlFailure) -> String {
        switch failure {
        case .notRunning:
            return "no sensor runs here: nobody listens at \(socket). Start it with: \(start)"
        case .notAllowed: return "\(socket) is for root only. Run as root: sudo vedette status"
        case .failed(let problem): return problem.message
        }
    }

    private var start: String { root.isEmpty ? "vedette run" : "vedette run --root \(root)" }

    private func complain(_ message: String) -> Int32 {
        let bytes = Array("vedette: \(message)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        return 1
    }

    /// Whether all of it could be written.
    private func print(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return false }
            rest = rest.dropFirst(max(0, count))
        }
        return true
    }
}
