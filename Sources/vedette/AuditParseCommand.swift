internal import ArgumentParser
internal import Glibc
internal import KernelDecoding

/// `vedette audit parse FILE…`: audit logs as JSON lines.
struct AuditParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse",
        abstract: "Turns audit log files into JSON lines, one event a line.",
        discussion: """
            Reads logs of auditd (raw or enriched), one after the other; `-` is standard input. Rotations that were
            compressed with gzip, xz or zstd are recognised by their first bytes. Records of one event are put
            together, and serial numbers that are missing become a line with "gap". Only JSON goes to standard
            output; a summary goes to standard error. docs/audit-json.md describes the lines.

            Exit status: 0 when every line was a record, 1 when some were not or ended in the middle (they are
            counted by reason in the summary), 2 when a file could not be read or the output not be written.
            """)

    @Argument(help: ArgumentHelp("Log files, oldest first; - is standard input.", valueName: "file"))
    var files: [String]

    @Flag(help: "JSON lines. The only form there is, and so the default.")
    var json = false

    @Flag(help: "Adds each record's text as it stands in the log.")
    var raw = false

    @Flag(name: .shortAndLong, help: "No summary and no progress bar.")
    var quiet = false

    mutating func run() throws {
        var run = AuditParseRun(includesRaw: raw, isQuiet: quiet)
        let status = run.parse(files)
        if status != 0 { throw ExitCode(status) }
    }
}
