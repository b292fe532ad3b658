internal import ArgumentParser

/// `vedette audit`: what has to do with the kernel's audit subsystem.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Reads audit logs.", subcommands: [AuditParseCommand.self])
}
