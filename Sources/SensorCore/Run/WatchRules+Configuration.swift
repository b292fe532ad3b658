internal import Baseline
internal import Configuration
internal import EventModel

/// What a configuration comes to on this host.
struct ConfiguredWatches {
    var rules: WatchRules
    /// Watches of which nothing is there at the moment.
    var missing: [String]

    /// - Parameter own: rules for the sensor's own files.
    init(_ options: FileIntegrityOptions, own: [WatchRule]) {
        var rules: [WatchRule] = []
        var missing: [String] = []
        for watch in options.watches {
            guard let path = SensorPlaces.resolved(watch.path) else {
                missing.append(watch.path)
                continue
            }
            if !rules.contains(where: { $0.path == path }) {
                rules.append(WatchRule(watch, path: path, exclude: options.exclude))
            }
        }
        self.missing = missing
        // What protects the sensor goes before what the configuration says of the same path.
        self.rules = WatchRules(own + rules.filter { rule in !own.contains { $0.path == rule.path } })
    }
}

extension WatchRule {
    fileprivate init(_ watch: Watch, path: ByteString, exclude: [String]) {
        self.init(path: path)
        severity = watch.severity
        tags = watch.tags
        excludes = (exclude + watch.exclude).map { PathPattern($0) }
        includes = watch.include.map { PathPattern($0) }
        restricts = watch.restrict.map { PathPattern($0) }
        maximumDepth = watch.recursion.map { Int(clamping: $0) } ?? .max
        digestLimit = watch.digestLimit
        showsDiff = watch.diff
        secrets = watch.noDiff.map { PathPattern($0) }
    }
}

extension FileIntegrityOptions {
    /// Nanoseconds between two scans; `nil` for none.
    var scanInterval: UInt64? {
        scan.interval == 0 ? nil : scan.interval.multipliedReportingOverflow(by: 1_000_000_000).partialValue
    }
}
