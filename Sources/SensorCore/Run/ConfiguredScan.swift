package import Baseline
package import Configuration
package import EventModel

/// What the configuration says of trees that are scanned by hand: the same as of those that `vedette run` scans.
package struct ConfiguredScan {
    private let rules: WatchRules
    private let digest: UInt64

    /// - Throws: what is wrong with the configuration. Without a file at the usual place the built-in one holds.
    package init(_ options: RunOptions) throws(ConfigurationErrors) {
        let places = SensorPlaces(options)
        let configuration = try SensorConfiguration.load(options)
        let own = places.rules(alerts: configuration.alerts.path(root: places.root))
        rules = ConfiguredWatches(configuration.fim, own: own, host: places.host).rules
        digest = configuration.fim.rulesDigest
    }

    /// `options` for what is at and below `root`. Of what no watch has, the configuration says nothing.
    ///
    /// - Parameter root: absolute, without symbolic links, as the sensor finds it.
    package func options(_ options: ScanOptions, for root: ByteString) -> ScanOptions {
        var result = options
        if let rule = rules.rule(for: root), rule.isKept {
            (result.rules, result.rulesDigest) = (rules, digest)
        }
        return result
    }

    /// Gives `change` the severity and tags of its watch.
    package func rate(_ change: inout FileChange) {
        guard let rule = rules.rule(for: change.path) else { return }
        (change.severity, change.tags) = (rule.severity, rule.tags)
    }
}

extension SensorConfiguration {
    /// What holds for a run with `options`: without a file at the usual place, what is built in.
    static func load(_ options: RunOptions) throws(ConfigurationErrors) -> SensorConfiguration {
        do throws(ConfigurationErrors) {
            return try ConfigurationFile.load(options.configurationPath, hostRoot: options.hostRoot)
        } catch {
            guard error.isMissingFile, options.configuration == nil else { throw error }
            return .builtIn { isOnDisk(options.hostRoot + $0) }
        }
    }
}
