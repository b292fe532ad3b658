internal import Baseline
internal import Configuration
internal import EventModel

/// What a configuration comes to on this host.
struct ConfiguredWatches {
    var rules: WatchRules
    /// Watches of which nothing was there: as they are configured, and where they will be.
    private(set) var missing: [(path: String, place: ByteString)]
    /// Where symbolic links in them lead.
    let links: LinkTargets

    /// - Parameter own: rules for the sensor's own files.
    init(_ options: FileIntegrityOptions, own: [WatchRule], host: HostRoot) {
        var rules: [WatchRule] = []
        var missing: [(path: String, place: ByteString)] = []
        var following: [WatchRule] = []
        for watch in options.watches {
            let wanted = host.place(ByteString(watch.path))
            let path = host.eventual(wanted)
            if host.resolved(path) == nil { missing.append((watch.path, path)) }
            guard !rules.contains(where: { $0.path == path }) else { continue }
            let rule = WatchRule(watch, path: path, exclude: options.exclude, host: host)
            rules.append(rule)
            if watch.followsSymlinks { following.append(rule) }
        }
        // After all watches: none of them must give way to what a link leads to.
        var links = LinkTargets(host: host, watched: (own + rules).map(\.path))
        for rule in following { links.follow(rule) }
        rules += links.rules
        self.links = links
        self.missing = missing
        // What protects the sensor goes before what the configuration says of the same path.
        self.rules = WatchRules(own + rules.filter { rule in !own.contains { $0.path == rule.path } })
    }

    /// Places of those of which nothing is there still, or again.
    func absent(on host: HostRoot) -> Set<ByteString> {
        Set(missing.filter { host.resolved(host.place(ByteString($0.path))) == nil }.map(\.place))
    }
}

extension Watch {
    /// Levels of directories below `path` that are entered.
    fileprivate var depth: Int { recursion.map { Int(clamping: $0) } ?? .max }
}

extension WatchRule {
    fileprivate init(_ watch: Watch, path: ByteString, exclude: [String], host: HostRoot) {
        // One for paths is for the host's.
        func pattern(_ text: String) -> PathPattern {
            PathPattern(text.hasPrefix("/") ? host.place(text) : text)
        }

        self.init(path: path)
        severity = watch.severity
        tags = watch.tags
        excludes = (exclude + watch.exclude).map(pattern)
        includes = watch.include.map(pattern)
        restricts = watch.restrict.map(pattern)
        maximumDepth = watch.depth
        digestLimit = watch.digestLimit
        showsDiff = watch.diff
        secrets = watch.noDiff.map(pattern)
    }
}

extension FileIntegrityOptions {
    /// A digest of what is meant to be in the baseline.
    ///
    /// FNV-1a: it tells changes apart, and keeps nothing secret.
    var rulesDigest: UInt64 {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for watch in watches {
            let parts =
                [watch.path] + exclude + watch.exclude + ["+"] + watch.include + ["="] + watch.restrict
            let text = parts.joined(separator: "\0") + "\0\(watch.recursion ?? .max)\n"
            for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        return digest
    }

    /// Nanoseconds between two scans; `nil` for none.
    var scanInterval: UInt64? {
        scan.interval == 0 ? nil : scan.interval.multipliedReportingOverflow(by: 1_000_000_000).partialValue
    }
}
