/// What is watched, and how (`fim`).
package struct FileIntegrityOptions: Equatable, Sendable {
    /// From parsing, never two of the same path; empty only where no built-in one exists.
    package var watches: [Watch] = []
    /// Shell patterns of what is left out of every watch.
    package var exclude = ["*.swp", "/etc/mtab"]
    package var scan = ScanSchedule()
    /// How long the changes of one action may be apart, in milliseconds.
    package var settleMilliseconds: UInt64 = 250
    /// Whether changes of the sensor's own prove every minute that the sources hear.
    package var canaries = true

    package init() {}
}

extension FileIntegrityOptions {
    static let section = Section<FileIntegrityOptions>(
        Key(
            "watches", \.watches,
            .list(
                of: .section(Watch.section) { Watch(path: "") }, canBeEmpty: false,
                example: "a list with an entry for each path: `- path: /etc`", identity: { $0.path })),
        Key("exclude", \.exclude, .patterns),
        Key("scan", \.scan, .section(ScanSchedule.section) { ScanSchedule() }),
        Key("settle_ms", \.settleMilliseconds, .number(0...60_000)),
        Key("canaries", \.canaries, .bool)
    )
}
