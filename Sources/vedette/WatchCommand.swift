internal import ArgumentParser
internal import Glibc
internal import SensorCore

/// `vedette watch PATH…`
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show changes below the given paths as they happen, and who made them.",
        discussion: """
            Prints a table of coverage on standard error, then one line a change on standard output, until SIGINT \
            or SIGTERM; then a summary on standard error. Needs root to hear of other users' processes; without it \
            the coverage table says what is missing.

            Exit code: 0 after a signal, 1 when nothing can be watched or the output cannot be written, 64 for \
            wrong usage.
            """)

    @Argument(
        help: ArgumentHelp("Files or directories; directories with all that is below.", valueName: "path"))
    var paths: [String]

    @Flag(help: "Print JSON lines in Elastic Common Schema names instead of text.")
    var json = false

    @Flag(inversion: .prefixedNo, help: "Load audit rules of our own while running, for exact attribution.")
    var audit = true

    @Option(
        help: ArgumentHelp(
            "Milliseconds that a change waits while it may still become part of a replace (10 to 10000).",
            valueName: "ms"))
    var settle = 250

    @Option(
        help: ArgumentHelp(
            "Seconds from one canary, which proves that each source still hears, to the next (0: none).",
            valueName: "seconds"))
    var canary = 60

    @Flag(inversion: .prefixedNo, help: "Colour, on a terminal.")
    var color = true

    func validate() throws {
        guard (10...10_000).contains(settle) else {
            throw ValidationError("--settle \(settle): give 10 to 10000 milliseconds.")
        }
        guard (0...86_400).contains(canary) else {
            throw ValidationError("--canary \(canary): give 0 to 86400 seconds.")
        }
        guard !paths.isEmpty else { throw ValidationError("Name at least one path to watch.") }
    }

    func run() throws {
        var options = WatchOptions(paths: paths)
        options.usesAudit = audit
        options.settleWindow = UInt64(settle) * 1_000_000
        options.canaryInterval = UInt64(canary) * 1_000_000_000
        options.format = json ? .json : .terminal(allowsColour: color)
        let failure = Array("vedette: \(SensorProgram.become(options.arguments))\n".utf8)
        _ = write(STDERR_FILENO, failure, failure.count)
        throw ExitCode(1)
    }
}
