internal import ArgumentParser
internal import Glibc

/// `vedette status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Ask the running sensor what it hears, what it has lost, and what it costs.",
        discussion: """
            Exit code: 0 when everything that is configured is live, 2 when something is not or the sensor hangs, 1 \
            when no sensor could be asked, 64 for wrong usage.
            """)

    @Option(help: ArgumentHelp("Ask the sensor that runs with DIR instead of /.", valueName: "dir"))
    var root = ""

    @Flag(help: "Print the JSON of docs/control-socket.md instead of tables.")
    var json = false

    @Flag(inversion: .prefixedNo, help: "Colour, on a terminal.")
    var color = true

    func run() throws {
        let session = StatusSession(
            root: root, printsJSON: json, colour: color && isatty(STDOUT_FILENO) == 1)
        throw ExitCode(session.run())
    }
}
