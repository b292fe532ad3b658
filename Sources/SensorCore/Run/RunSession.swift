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
    static func say(_ text: String) { say(Array(text.utf8)) }

    static func say(_ bytes: [UInt8]) {
        // Nothing helps when standard error is closed.
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
