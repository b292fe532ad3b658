internal import ArgumentParser
internal import Glibc
internal import SensorCore

/// `vedette run`
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "The sensor: everything that the configuration turns on, in the foreground.",
        discussion: """
            Watches what the configuration names, keeps a baseline of it, and writes alerts as JSON lines. The table of \
            coverage and what else is to be said goes to standard error. SIGHUP reads the configuration again and \
            looks whether the alert file has been moved away, SIGUSR1 only the latter; SIGINT and SIGTERM end it.

            Exit code: 0 after a signal, 1 when it cannot run, 2 when the configuration is wrong, 64 for wrong usage.
            """)

    @Option(
        help: ArgumentHelp(
            "The configuration, instead of etc/vedette/vedette.yml below the root.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Let DIR stand for / of configuration, state, alerts and control socket: for tests and a second instance.",
            valueName: "dir"))
    var root = ""

    @Option(
        name: .customLong("host-root"),
        help: ArgumentHelp(
            "The host's root directory is mounted at DIR: watch what is there, and name it as the host does.",
            valueName: "dir"))
    var hostRoot = ""

    @Flag(help: "Print JSON lines on standard error instead of text.")
    var json = false

    func run() throws {
        var options = RunOptions()
        options.configuration = config
        options.root = try absoluteDirectory(root, option: "--root")
        options.hostRoot = try absoluteDirectory(hostRoot, option: "--host-root")
        options.printsJSON = json
        let failure = Array("vedette: \(SensorProgram.become(options.arguments))\n".utf8)
        _ = write(STDERR_FILENO, failure, failure.count)
        throw ExitCode(1)
    }
}
