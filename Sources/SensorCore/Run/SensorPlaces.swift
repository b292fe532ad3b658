internal import Baseline
internal import Configuration
internal import EventModel
internal import FileReading
internal import Glibc

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

    /// The program that runs. Its file may have been replaced since, by an upgrade: then this is the new one.
    static let program = program(of: "/proc/self/exe")

    /// - Parameter link: the kernel's symbolic link to a program.
    static func program(of link: String) -> ByteString? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let path = ByteString(bytes.prefix(count).map { UInt8(bitPattern: $0) })
        let mark = Array(" (deleted)".utf8)
        guard path.bytes.suffix(mark.count).elementsEqual(mark), access(path.zeroTerminated, F_OK) != 0 else {
            return path
        }
        return ByteString(Array(path.bytes.dropLast(mark.count)))
    }

    /// Where systemd looks for units, and where those who change them put what goes before the package's. Not below
    /// `/run`: to hear of it the whole of that filesystem would have to be marked, with all that services do there.
    private static let units = ["/etc", "/usr/lib", "/lib"].map {
        $0 + "/systemd/system/vedette.service"
    }

    /// What nobody but the sensor, or who installs it, has to change: its configuration, rules, programs and unit.
    private var protected: [String] {
        let programs = Self.program.map { program in
            ["vedette", "vedetted"].map { program.parent.appending(ByteString($0)).text }
        }
        return [configuration, root + "/etc/vedette"] + (programs ?? []) + Self.units
            + Self.units.map { $0 + ".d" }
    }

    /// Rules of highest severity for the sensor's own files, also for those that nobody has made yet. What it writes all
    /// the time is in no baseline.
    ///
    /// - Parameter alerts: the path of the alert file.
    func rules(alerts: String) -> [WatchRule] {
        let still = protected.compactMap { Self.rule($0, isKept: true) }
        let busy = [state.path, alerts].compactMap { Self.rule($0, isKept: false) }
        var seen: Set<ByteString> = []
        return (still + busy).filter { seen.insert($0.path).inserted }
    }

    private static func rule(_ path: String, isKept: Bool) -> WatchRule? {
        guard let place = RealPath.eventual(ByteString(path)) else { return nil }
        var rule = WatchRule(path: place)
        (rule.severity, rule.tags, rule.isKept) = (.critical, WatchRule.selfProtection, isKept)
        return rule
    }
}

extension WatchRule {
    /// The tags of changes of the sensor's own files.
    static let selfProtection = ["self_protection"]
}
