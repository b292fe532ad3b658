package import EventModel

/// A file or directory that is watched (`fim.watches`).
///
/// Patterns are those of `fnmatch(3)`: without a slash for names, with one for whole paths and what is below them.
package struct Watch: Equatable, Sendable {
    /// Absolute, without `.`, `..` and needless slashes.
    package var path: String
    /// Levels of directories below `path` that are entered; `nil` for all.
    package var recursion: UInt64?
    /// What is watched although an `exclude` means it.
    package var include: [String] = []
    package var exclude: [String] = []
    /// When there are any, only files that one of them means are reported.
    package var restrict: [String] = []
    package var tags: [String] = []
    package var severity = Severity.medium
    /// Whether changes of text are shown.
    package var diff = false
    /// Files whose text is never shown, besides those that are known to hold secrets.
    package var noDiff: [String] = []
    package var followsSymlinks = false
    /// The content of larger files is not read. Bytes.
    package var digestLimit: UInt64 = 1 << 30

    package init(path: String) { self.path = path }
}

extension Watch {
    static let section = Section<Watch>(
        Key("path", \.path, .path, required: "/etc"),
        Key("recursion_level", \.recursion, .number(0...256), none: "all"),
        Key("include", \.include, .patterns), Key("exclude", \.exclude, .patterns),
        Key("restrict", \.restrict, .patterns), Key("tags", \.tags, .tags),
        Key("severity", \.severity, .choice), Key("diff", \.diff, .bool), Key("no_diff", \.noDiff, .patterns),
        Key("follow_symlinks", \.followsSymlinks, .bool),
        Key("max_digest_size", \.digestLimit, .size(0...1 << 50))
    )

    /// What is watched when nothing is configured.
    static let builtIn = [
        Watch("/etc", .medium, diff: true), Watch("/usr/local/bin", .high), Watch("/usr/local/sbin", .high),
        Watch("/usr/bin", .high), Watch("/usr/sbin", .high), Watch("/boot", .high),
        Watch("/root/.ssh", .critical),
    ]

    private init(_ path: String, _ severity: Severity, diff: Bool = false) {
        self.init(path: path)
        (self.severity, self.diff) = (severity, diff)
    }
}
