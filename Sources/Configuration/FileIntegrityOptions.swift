package import EventModel

/// What is watched, and how (`fim`).
package struct FileIntegrityOptions: Equatable, Sendable {
    /// From parsing, never two of the same path; empty only where no built-in one exists.
    package var watches: [Watch] = []
    /// Shell patterns of what is left out of every watch.
    package var exclude = ["*.swp", "/etc/mtab"]
    /// What is kept of contents; SHA-256 is always among them.
    package var digests: [DigestAlgorithm] = [.sha256]
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
        Key("digests", \.digests, .digests),
        Key("scan", \.scan, .section(ScanSchedule.section) { ScanSchedule() }),
        Key("settle_ms", \.settleMilliseconds, .number(0...60_000)),
        Key("canaries", \.canaries, .bool)
    )
}

extension Form where Value == [DigestAlgorithm] {
    /// SHA-256 need not be named.
    fileprivate static var digests: Form {
        let list = Form.list(
            of: Form<DigestAlgorithm>.choice, example: "a list: [sha256, sha1]", identity: { $0.rawValue })
        return Form(
            read: { node, diagnostics in
                list.read(node, diagnostics).map { $0.contains(.sha256) ? $0 : [.sha256] + $0 }
            }, write: list.write)
    }
}
