internal import Baseline
internal import CWait
internal import Configuration
internal import EventModel
internal import FileReading
internal import Glibc
internal import KernelSources
internal import Reporting

/// One run of `vedette run`: from the configuration to the last line.
package enum RunSession {
    /// Runs until a signal. Returns the exit code: 0 after a signal, 1 when it cannot run, 2 for a wrong configuration.
    package static func run(_ options: RunOptions) -> Int32 {
        Console.printsJSON = options.printsJSON
        // Before any thread is started: they inherit the mask.
        let signals = cwait_open_signals()
        let places = SensorPlaces(options)
        do throws(RunProblem) {
            let configuration = try loadConfiguration(options)
            let run = try SensorRun(options, places, configuration)
            return try run.run(signals: signals)
        } catch {
            Console.say("vedette: \(error.message)\n")
            return error.code
        }
    }

    private static func loadConfiguration(_ options: RunOptions) throws(RunProblem) -> SensorConfiguration {
        do throws(ConfigurationErrors) {
            if options.configuration == nil, !SensorConfiguration.isOnDisk(options.configurationPath) {
                Console.say(
                    "vedette: there is no \(options.configurationPath): the built-in configuration holds; "
                        + "see it with: vedette config show\n")
            }
            return try SensorConfiguration.load(options)
        } catch {
            throw RunProblem(error.description, code: 2)
        }
    }
}

/// Why the sensor cannot run, and what to do about it.
struct RunProblem: Error {
    var message: String
    /// Of the process.
    var code: Int32

    init(_ message: String, code: Int32 = 1) { (self.message, self.code) = (message, code) }
}

/// Standard error: the terminal, or the journal.
enum Console {
    /// JSON lines instead of text. Set before the first thread is started, and only read from then on.
    nonisolated(unsafe) static var printsJSON = false

    /// Says `text`, which ends with a newline.
    static func say(_ text: String) {
        guard printsJSON else { return say(Array(text.utf8)) }
        let name = "vedette: "
        let message = text.hasPrefix(name) ? text.dropFirst(name.count) : text[...]
        var writer = ByteWriter()
        writer.message(String(message.dropLast()), time: Clock.realtime)
        say(writer.copy)
    }

    /// Says what each source does, or why not: as a table, or each row as the event that it is among the alerts.
    static func say(_ coverage: [CoverageEntry]) {
        guard printsJSON else {
            return say(CoverageTable(coverage, colour: isatty(STDERR_FILENO) == 1).render())
        }
        var encoder = ECSEncoder()
        for entry in coverage {
            encoder.encode(.coverage(entry, previous: nil, time: Clock.realtime))
            say(encoder.line)
        }
    }

    static func say(_ bytes: [UInt8]) {
        // Nothing helps when standard error is closed.
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
