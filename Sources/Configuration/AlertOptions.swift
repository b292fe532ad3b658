/// Where alerts go (`alerts`).
package struct AlertOptions: Equatable, Sendable {
    package enum Format: String, CaseIterable, Sendable {
        /// Lines of JSON with the names of the Elastic Common Schema.
        case ecs
    }

    package var format = Format.ecs
    /// `nil` for the usual place.
    package var file: String?
    /// The file is put aside when it has so many bytes; `nil` for never but by signal.
    package var rotate: UInt64? = 100 << 20
    /// How many files that were put aside are kept.
    package var keep: UInt64 = 10
    /// Whether a line is on the disk before it is acknowledged.
    package var sync = true

    package init() {}
}

extension AlertOptions {
    static let section = Section<AlertOptions>(
        Key("format", \.format, .choice), Key("file", \.file, .path, none: nil),
        Key("rotate", \.rotate, .size(65_536...1 << 50), none: "off"),
        Key("keep", \.keep, .number(1...1_000)), Key("sync", \.sync, .bool)
    )

    /// The file's path.
    ///
    /// - Parameter root: what stands for `/` where the file is not configured.
    package func path(root: String = "") -> String {
        file ?? ConfigurationFile.path("/var/log/vedette/alerts.json", root: root)
    }
}
