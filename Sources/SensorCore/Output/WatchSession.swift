internal import CWait
package import EventModel
internal import FileReading
internal import Glibc
internal import KernelSources
internal import Reporting

/// One run of `vedette watch`: from the paths as typed to the summary.
package enum WatchSession {
    /// Runs until a signal. Returns the exit code: 0 after a signal, 1 when nothing can be watched.
    package static func run(_ options: WatchOptions) -> Int32 {
        // Before any thread is started: they inherit the mask.
        let signals = cwait_open_signals()
        do throws(WatchProblem) {
            let watches = try resolve(options.paths)
            return try run(options, watches: watches, signals: signals)
        } catch {
            complain(error.message)
            return 1
        }
    }

    private static func run(
        _ options: WatchOptions, watches: [ByteString], signals: Int32
    ) throws(WatchProblem) -> Int32 {
        let output = try EventOutput(format: options.format)
        // Users who may not make it hear neither audit nor its canaries, and are told so.
        let directory = RuntimeDirectory()
        try? directory.make()
        let sensor: LiveSensor
        do throws(KernelError) {
            sensor = try LiveSensor(
                watches: watches, settleWindow: options.settleWindow,
                auditStatePath: options.usesAudit ? SensorPlaces.auditState : nil,
                canaryInterval: options.canaryInterval, canaryDirectory: ByteString(directory.path)
            ) { output.take($0) }
        } catch {
            throw WatchProblem(message: "cannot start: \(error)")
        }
        let started = Clock.monotonic
        let hasFiles = sensor.start()
        say(CoverageTable(sensor.coverage, colour: usesColour(options)).render())
        guard hasFiles else {
            sensor.stop()
            throw WatchProblem(message: "no file source could be started; the table above says why")
        }
        say("watching " + watches.map(\.text).joined(separator: " ") + "; Ctrl-C ends\n")
        var trouble: Int32?
        sensor.run(signals: signals) {
            output.flush()
            if output.trouble != trouble {
                trouble = output.trouble
                if let trouble { complain(OutputProblem.passing(trouble)) }
            }
            return output.failure == nil
        }
        sensor.stop()
        let isComplete = output.finish()
        let summary = Summary(
            duration: Clock.monotonic &- started, changes: output.changes, unattributed: output.unattributed,
            settledEarly: sensor.settledEarly, sources: sensor.summary + [output.summary])
        say(summary.render(colour: usesColour(options)))
        if isComplete { return 0 }
        throw WatchProblem(message: OutputProblem.final(output.failure ?? output.trouble))
    }

    /// Absolute paths without symbolic links, each once.
    package static func resolve(_ paths: [String]) throws(WatchProblem) -> [ByteString] {
        var result: [ByteString] = []
        for path in paths {
            guard let bytes = RealPath.of(ByteString(path)) else {
                throw WatchProblem(
                    message: "\(path): \(String(cString: strerror(errno))). Give an existing path.")
            }
            if !result.contains(bytes) { result.append(bytes) }
        }
        return result
    }

    private static func usesColour(_ options: WatchOptions) -> Bool {
        guard case .terminal(true) = options.format else { return false }
        return isatty(STDERR_FILENO) == 1
    }

    private static func complain(_ message: String) { say("vedette: " + message + "\n") }

    private static func say(_ text: String) { say(Array(text.utf8)) }

    private static func say(_ bytes: [UInt8]) {
        // Nothing helps when standard error is closed.
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// What is wrong with standard output, and what to do about it.
private enum OutputProblem {
    /// - Parameter code: positive errno.
    static func passing(_ code: Int32) -> String {
        "standard output: \(String(cString: strerror(code))); make room: lines wait, and what does not fit is counted"
    }

    static func final(_ code: Int32?) -> String {
        switch code {
        case EPIPE?: "ended: the reader of standard output has gone"
        case let code?: "standard output: \(String(cString: strerror(code))); the last lines are missing"
        case nil: "the reader of standard output takes nothing; the last lines are missing"
        }
    }
}

/// Why `watch` cannot begin or has to end, and what to do about it.
package struct WatchProblem: Error {
    package var message: String
}
