internal import ArgumentParser

/// `vedette config`: what the sensor is told.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check the sensor's configuration, and show it with its defaults.",
        subcommands: [ConfigCheck.self, ConfigShow.self])
}

/// What both of them take.
struct ConfigArguments: ParsableArguments {
    @Argument(help: "The configuration; without it, etc/vedette/vedette.yml below the root.")
    var file: String?

    @Option(help: ArgumentHelp("Let DIR stand for /.", valueName: "dir"))
    var root = ""

    @Option(
        name: .customLong("host-root"),
        help: ArgumentHelp("The host's root directory is mounted at DIR, as for run.", valueName: "dir"))
    var hostRoot = ""

    @Flag(help: "Print JSON instead of text.")
    var json = false

    func validate() throws {
        if file?.isEmpty == true { throw ValidationError("An empty name stands for no file.") }
    }

    func session() throws -> ConfigSession {
        ConfigSession(
            file: file, root: root, hostRoot: try absoluteDirectory(hostRoot, option: "--host-root"),
            isJSON: json)
    }
}

struct ConfigCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong in a configuration.",
        discussion: """
            Each error is one line on standard error: FILE:LINE:COLUMN: what is wrong; what to do. With --json, one \
            object with all of them goes to standard output.

            Exit code: 0 when the configuration is good, 2 when it is not, 1 when standard output cannot be written, 64 for \
            wrong usage.
            """)

    @OptionGroup var arguments: ConfigArguments

    func run() throws { throw ExitCode(try arguments.session().check()) }
}

struct ConfigShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the configuration that holds, with its defaults filled in.",
        discussion: """
            Without a file at the usual place the built-in defaults are shown, which is said on standard error.

            Exit code: 0, or 2 when the configuration is not good, 1 when standard output cannot be written, 64 for wrong \
            usage.
            """)

    @OptionGroup var arguments: ConfigArguments

    func run() throws { throw ExitCode(try arguments.session().show()) }
}
