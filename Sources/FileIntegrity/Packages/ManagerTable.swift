internal import EventModel

/// What belongs to the package managers themselves.
enum ManagerTable {
    /// Begins of the names of programs that may be a manager's; whether they are, their packages tell.
    private static let programPrefixes: [ByteString] = [
        "apt", "dnf", "dpkg", "microdnf", "packagekitd", "platform-python", "python3", "rpm", "synaptic",
        "unattended-upgrade", "update-alternatives", "yum", "zypper",
    ]
    /// apt's download methods and planners.
    private static let programDirectory: ByteString = "/usr/lib/apt"

    private static let dpkgPackages: Set<ByteString> = [
        "apt", "apt-utils", "aptitude", "dpkg", "synaptic", "unattended-upgrades",
    ]
    private static let rpmPackages: Set<ByteString> = [
        "PackageKit", "dnf", "dnf5", "dnf-data", "libzypp", "microdnf", "python3-dnf", "rpm", "yum", "zypper",
    ]

    private static let dpkgState: [ByteString] = [
        "/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt", "/var/cache/debconf", "/var/log/apt",
        "/var/lib/aptitude", "/var/lib/unattended-upgrades", "/var/log/unattended-upgrades",
    ]
    private static let rpmState: [ByteString] = [
        "/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/lib/sysimage/libdnf5", "/var/lib/rpm-state",
        "/var/lib/dnf", "/var/cache/dnf", "/var/cache/libdnf5", "/var/lib/yum", "/var/cache/yum",
        "/var/lib/zypp", "/var/cache/zypp",
    ]
    /// Logs, of which rotated ones have a suffix.
    private static let dpkgLogs: [ByteString] = ["/var/log/dpkg.log", "/var/log/alternatives.log"]
    private static let rpmLogs: [ByteString] = [
        "/var/log/dnf", "/var/log/hawkey.log", "/var/log/yum.log", "/var/log/zypper.log",
    ]

    /// A cheap test that comes before looking into a database.
    static func mayBeManager(_ executable: ByteString) -> Bool {
        let name = executable.lastComponent.bytes
        return programPrefixes.contains { name.starts(with: $0.bytes) }
            || executable.isWithin(programDirectory)
    }

    /// Whether the program runs a script, which is then what counts.
    static func isInterpreter(_ executable: ByteString) -> Bool {
        let name = executable.lastComponent.bytes
        return name.starts(with: "python3".utf8) || name.starts(with: "platform-python".utf8)
    }

    /// Whether the programs of `package` manage packages.
    static func isManager(_ package: ByteString, of manager: PackageManager) -> Bool {
        switch manager {
        case .dpkg: dpkgPackages.contains(package)
        case .rpm: rpmPackages.contains(package)
        }
    }

    /// Whether it is the program that unpacks packages, and writes nothing else.
    static func isUnpacker(_ executable: ByteString) -> Bool {
        ["dpkg", "rpm"].contains(executable.lastComponent)
    }

    /// Whether the manager keeps `path` for itself.
    static func isState(_ path: ByteString, of manager: PackageManager) -> Bool {
        let (directories, logs) = manager == .dpkg ? (dpkgState, dpkgLogs) : (rpmState, rpmLogs)
        return directories.contains { path.isWithin($0) }
            || logs.contains { path.bytes.starts(with: $0.bytes) }
    }

    /// Options that name another database than the host's.
    private static let otherDatabaseOptions: [ByteString] = [
        "--root", "--admindir", "--instdir", "--dbpath", "--installroot", "--prefix", "-oDir=", "Dir=",
    ]

    static func usesOtherDatabase(_ arguments: [ByteString]) -> Bool {
        arguments.contains { argument in
            otherDatabaseOptions.contains { argument.bytes.starts(with: $0.bytes) }
        }
    }
}

/// Names that a manager gives to files while it works, and to copies that it leaves.
struct ScratchName {
    /// The name without what the manager appended.
    var base: ByteString
    /// It goes away before the transaction ends.
    var isTemporary: Bool

    private static let temporary: [ByteString] = [".dpkg-new", ".dpkg-tmp"]
    private static let left: [ByteString] = [
        ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-backup", ".dpkg-remove", ".ucf-old", ".ucf-new",
        ".ucf-dist", ".rpmnew", ".rpmsave", ".rpmorig",
    ]

    /// - Returns: `nil` for a name that no manager made.
    init?(_ path: ByteString) {
        let suffixes = Self.temporary.map { ($0, true) } + Self.left.map { ($0, false) }
        let match = suffixes.first { path.bytes.suffix($0.0.count) == $0.0.bytes[...] }
        if let (suffix, isTemporary) = match {
            (base, self.isTemporary) = (ByteString(Array(path.bytes.dropLast(suffix.count))), isTemporary)
        } else if let base = Self.baseOfRpm(path) {
            (self.base, isTemporary) = (base, true)
        } else {
            return nil
        }
    }

    /// rpm writes `name;6561f3a2` first.
    private static func baseOfRpm(_ path: ByteString) -> ByteString? {
        let tail = path.bytes.suffix(9)
        guard tail.count == 9, tail.first == UInt8(ascii: ";"), tail.dropFirst().allSatisfy(isDigit) else {
            return nil
        }
        return ByteString(Array(path.bytes.dropLast(9)))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
