internal import Baseline
internal import Configuration
internal import EventModel
internal import FileReading

/// Where everything is that is the sensor's own.
struct SensorPlaces {
    /// Absolute, without a slash at its end; empty for `/`.
    let root: String
    let host: HostRoot
    let configuration: String
    let state: StateDirectory

    init(_ options: RunOptions) {
        var root = options.root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
        host = HostRoot(options.hostRoot)
        configuration = options.configurationPath
        state = StateDirectory(root: root)
    }

    /// Where audit's original settings are kept. Audit is the host's: it has one place, whatever the root.
    static let auditState = RuntimeDirectory().path + "/audit.state"

    /// What nobody but the sensor, or who installs it, has to change: its configuration, rules, programs and unit.
    private var protected: [String] {
        let programs = Self.resolved("/proc/self/exe").map { program in
            ["vedette", "vedetted"].map { program.parent.appending(ByteString($0)).text }
        }
        return [configuration, root + "/etc/vedette"] + (programs ?? [])
            + ["/etc/systemd/system/vedette.service", "/lib/systemd/system/vedette.service"]
    }

    /// Rules of highest severity for the sensor's own files. What it writes all the time is in no baseline.
    ///
    /// - Parameter alerts: the path of the alert file.
    func rules(alerts: String) -> [WatchRule] {
        let still = protected.compactMap { Self.rule($0, isKept: true) }
        let busy = [state.path, alerts].compactMap { Self.rule($0, isKept: false) }
        var seen: Set<ByteString> = []
        return (still + busy).filter { seen.insert($0.path).inserted }
    }

    private static func rule(_ path: String, isKept: Bool) -> WatchRule? {
        guard let resolved = Self.resolved(path) else { return nil }
        var rule = WatchRule(path: resolved)
        (rule.severity, rule.tags, rule.isKept) = (.critical, WatchRule.selfProtection, isKept)
        return rule
    }

    /// Absolute and without symbolic links; `nil` when nothing is there.
    static func resolved(_ path: String) -> ByteString? {
        RealPath.of(ByteString(path))
    }
}

extension WatchRule {
    /// The tags of changes of the sensor's own files.
    static let selfProtection = ["self_protection"]
}
