internal import EventModel
internal import KernelSources
internal import PackageKnowledge

extension CoverageEntry {
    /// The row of the file of alerts.
    init(alerts trouble: KernelError?, path: String) {
        self.init(
            "alerts", trouble.map { .degraded(reason: "\(path): \($0)") } ?? .live, detail: path,
            .alertsTrouble)
    }

    /// The row of the package databases: a host without one lacks nothing.
    init(packages database: PackageDatabase) {
        let managers = database.managers.map(\.rawValue).joined(separator: ", ")
        self.init(
            "packages", database.unread.map { .degraded(reason: $0) } ?? .live,
            detail: managers.isEmpty ? "no package database here" : managers, .packagesUnknown)
    }
}

/// A row of the table that has come into another state, or is new.
struct CoverageTransition {
    var entry: CoverageEntry
    var previous: CoverageState?

    static func all(from before: [CoverageEntry], to now: [CoverageEntry]) -> [CoverageTransition] {
        now.compactMap { entry in
            let previous = before.first { $0.source == entry.source }?.state
            return previous == entry.state ? nil : CoverageTransition(entry: entry, previous: previous)
        }
    }
}
