internal import Glibc

/// Everything that the sensor can be told.
package struct SensorConfiguration: Equatable, Sendable {
    package var fim = FileIntegrityOptions()
    package var alerts = AlertOptions()
    package var audit = AuditOptions()
    /// `nil` for none.
    package var metrics: MetricsOptions?

    package init() {}
}

extension SensorConfiguration {
    /// The top of the file.
    static let section = Section<SensorConfiguration>(
        Key("fim", \.fim, .section(FileIntegrityOptions.section) { FileIntegrityOptions() }),
        Key("alerts", \.alerts, .section(AlertOptions.section) { AlertOptions() }),
        Key("audit", \.audit, .section(AuditOptions.section) { AuditOptions() }),
        Key("metrics", \.metrics, .section(MetricsOptions.section) { MetricsOptions() }, none: nil)
    )

    /// All keys that the file may have: `fim.watches[].path`. The reference and the schema name the same.
    package static var keyPaths: [String] { section.paths }

    /// What holds without a file.
    ///
    /// - Parameter exists: whether there is such a file on the host; built-in watches of others are left out.
    package static func builtIn(exists: (String) -> Bool = isOnDisk) -> SensorConfiguration {
        var result = SensorConfiguration()
        result.fim.watches = Watch.builtIn.filter { exists($0.path) }
        return result
    }

    /// Reads `bytes`, which are those of `file`. What they leave out is as in `builtIn`.
    ///
    /// - Throws: all that is wrong, at most `ConfigurationErrors.mostReported` with text.
    package static func parse(
        _ bytes: [UInt8], file: String, exists: (String) -> Bool = isOnDisk
    ) throws(ConfigurationErrors) -> SensorConfiguration {
        let diagnostics = Diagnostics(file: file)
        var result = SensorConfiguration()
        if let root = YAMLComposer.compose(bytes, diagnostics), !root.isEmpty {
            _ = section.read(root, into: &result, diagnostics)
        }
        try diagnostics.check()
        // A list in the file has one watch at least.
        if result.fim.watches.isEmpty { result.fim.watches = builtIn(exists: exists).fim.watches }
        return result
    }

    /// As the file would say it, defaults filled in.
    ///
    /// - Parameter root: what stands for `/` where a path is not given.
    package func tree(root: String = "") -> ConfigurationTree {
        var filled = self
        filled.alerts.file = alerts.path(root: root)
        return Self.section.write(filled)
    }

    @Sendable package static func isOnDisk(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

extension YAMLNode {
    /// Whether it is what a file without any key holds.
    fileprivate var isEmpty: Bool {
        if case .scalar(let text, let isPlain) = content { return YAMLType(text, isPlain: isPlain) == .null }
        return false
    }
}
