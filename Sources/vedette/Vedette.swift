internal import ArgumentParser

@main
struct Vedette: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vedette", abstract: "Hears from the kernel what changed on this host, and who did it.",
        subcommands: [
            WatchCommand.self, RunCommand.self, StatusCommand.self, FimCommand.self, AuditCommand.self,
            ConfigCommand.self,
        ])
}
