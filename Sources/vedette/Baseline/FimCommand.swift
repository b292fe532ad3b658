internal import ArgumentParser
internal import Baseline
internal import EventModel
internal import SensorCore

/// `vedette fim`: the baseline of files.
struct FimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fim", abstract: "Take a baseline of files, compare with it, and ask it.",
        subcommands: [FimScan.self, FimDiff.self, FimList.self, FimShow.self])
}

/// What all of them take.
struct FimOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Keep the state below DIR instead of /.", valueName: "dir"))
    var root = ""

    @Option(
        name: .customLong("host-root"),
        help: ArgumentHelp(
            "The host's root directory is mounted at DIR, as for run: paths are the host's.", valueName: "dir"
        ))
    var hostRoot = ""

    @Flag(help: "Print JSON lines instead of text.")
    var json = false

    @Flag(inversion: .prefixedNo, help: "Colour, on a terminal.")
    var color = true

    func options(paths: [String]) throws -> BaselineOptions {
        var options = BaselineOptions()
        options.state = StateDirectory(root: root)
        options.host = HostRoot(try absoluteDirectory(hostRoot, option: "--host-root"))
        options.paths = paths
        options.format = json ? .json : .terminal(allowsColour: color)
        return options
    }
}

/// How `scan` and `diff` go about it.
struct ScanArguments: ParsableArguments {
    @Argument(help: "Files or directories; without any, all that the baseline has.")
    var paths: [String] = []

    @Option(
        help: ArgumentHelp(
            "The configuration, instead of etc/vedette/vedette.yml below the root.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Leave out what a shell pattern means: a name (*.swp), or a path and what is below it.",
            valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp("Enter at most so many levels of directories below a path.", valueName: "levels"))
    var depth: Int?

    @Option(
        name: .customLong("max-digest"),
        help: ArgumentHelp("Do not read the content of files above so many megabytes.", valueName: "MB"))
    var largest: Int?

    @Option(
        name: .customLong("digest"),
        help: ArgumentHelp(
            "Keep this digest too, beside SHA-256; may be given several times. Missing ones are added.",
            valueName: "digest"))
    var digests: [DigestAlgorithm] = []

    @Option(help: ArgumentHelp("Look at no more than so many files a second.", valueName: "files"))
    var rate: Int?

    @Option(
        help: ArgumentHelp(
            "Take no more processor time than this, in per cent of one; above 100, several help to digest.",
            valueName: "percent"))
    var processor = 100

    @Flag(help: "Read the content also of files whose times and size are as before.")
    var verify = false

    @OptionGroup var common: FimOptions

    func validate() throws {
        guard largest ?? 0 >= 0 else {
            throw ValidationError("--max-digest \(largest ?? 0): give 0 or more.")
        }
        guard depth ?? 0 >= 0 else { throw ValidationError("--depth \(depth ?? 0): give 0 or more.") }
        guard processor > 0 else { throw ValidationError("--processor \(processor): give 1 or more.") }
        guard rate ?? 1 > 0 else { throw ValidationError("--rate \(rate ?? 0): give 1 or more.") }
    }

    func options(updates: Bool) throws -> BaselineOptions {
        var options = try common.options(paths: paths)
        options.scan.excludes = exclude.map { PathPattern($0) }
        options.scan.maximumDepth = depth ?? .max
        if exclude.isEmpty, depth == nil, largest == nil {
            var run = RunOptions()
            run.configuration = config
            (run.root, run.hostRoot) = (common.root, options.host.path)
            options.configuration = run
        }
        options.scan.digestLimit =
            UInt64(largest ?? 1_024).multipliedReportingOverflow(by: 1 << 20).partialValue
        options.scan.digests = DigestSet(digests)
        options.scan.rereads = verify
        options.scan.updates = updates
        options.processor = min(UInt64(processor), ScanBudget.mostShare)
        options.scan.helpers = ScanBudget.helpers(share: options.processor)
        options.rate = rate.map { UInt64($0) }
        return options
    }
}

extension DigestAlgorithm: ExpressibleByArgument {}

struct FimScan: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Compare files with the baseline, and bring it up to date.",
        discussion: """
            The first scan of a path takes it into the baseline and prints nothing. Each later one prints what has \
            changed since, one line a change, with the interval in which it happened. A scan that was interrupted \
            goes on where it was.

            What the configuration says of a watch holds here too: what is left out, how deep, severity and tags. It does \
            not with --exclude, --depth or --max-digest, and for paths that no watch has.

            Exit code: 0 when nothing has changed, 2 when something has, 1 when that could not be found out, 64 for \
            wrong usage.
            """)

    @OptionGroup var arguments: ScanArguments

    func run() throws { throw ExitCode(try BaselineSession.scan(arguments.options(updates: true))) }
}

struct FimDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare files with the baseline, and leave it as it is.",
        discussion: "Exit codes are those of scan.")

    @OptionGroup var arguments: ScanArguments

    func run() throws { throw ExitCode(try BaselineSession.scan(arguments.options(updates: false))) }
}

struct FimList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print what the baseline has: type and mode, owner, group, size, SHA-256, path.")

    @Argument(help: "Files or directories; without any, all that the baseline has.")
    var paths: [String] = []

    @OptionGroup var common: FimOptions

    func run() throws { throw ExitCode(try BaselineSession.list(common.options(paths: paths))) }
}

struct FimShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print everything that the baseline has of a file.")

    @Argument(help: "Files.")
    var paths: [String]

    @OptionGroup var common: FimOptions

    func run() throws { throw ExitCode(try BaselineSession.show(common.options(paths: paths))) }
}
