internal import EventModel
internal import Glibc

/// What the program knows that became this one, in its place and with its process id.
struct PriorRun {
    /// Has the moment until which that one heard, in nanoseconds since 1970.
    static let variable = "VEDETTE_ANEW"

    /// Between two restarts that nobody asked for. Nanoseconds.
    static let interval: UInt64 = 600_000_000_000

    /// Nanoseconds since 1970; `nil` when there was none.
    let heardUntil: UInt64?
    /// CLOCK_MONOTONIC nanoseconds.
    private let startedAt: UInt64

    init(_ text: String? = getenv(variable).map { String(cString: $0) }, now: UInt64 = Clock.monotonic) {
        heardUntil = text.flatMap { UInt64($0) }
        startedAt = now
    }

    /// Whether what users may bring about may end this program for another: they must not do that at will.
    func allowsRestart(now: UInt64) -> Bool { heardUntil == nil || now &- startedAt >= Self.interval }

    /// Tells the next program, and becomes it. Returns only when that fails.
    static func leave(heardUntil: UInt64, arguments: [String]) {
        var arguments: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        arguments.append(nil)
        setenv(variable, "\(heardUntil)", 1)
        // Who has replaced the program wants the new one.
        if let program = SensorPlaces.program { execv(program.zeroTerminated, arguments) }
        execv("/proc/self/exe", arguments)
    }
}
