import EventModel
import Foundation
import PackageKnowledge

/// A small host of its own in a temporary directory, with a dpkg database.
final class DpkgFixture {
    static let digests = [
        "one\n": "5bbf5a52328e7439ae6e719dfe712200", "two\n": "c193497a1a06b2c72230e6146ff47080",
        "conf\n": "b9a771b420047cfaa3543e66c78f44f6",
    ]
    let root: URL
    let database: PackageDatabase
    /// Nanoseconds since 1970; later than every file that is made.
    var now = UInt64(Date().timeIntervalSince1970 * 1e9) + 1_000_000_000

    init(prepare: (URL) throws -> Void = { _ in }) throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("vedette-\(UUID().uuidString)")
        let manager = FileManager.default
        for directory in [
            "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log", "usr/bin", "usr/lib", "etc", "scratch",
        ] {
            try manager.createDirectory(
                at: root.appendingPathComponent(directory), withIntermediateDirectories: true)
        }
        try manager.createSymbolicLink(atPath: root.path + "/lib", withDestinationPath: "usr/lib")
        for (file, content) in Self.files {
            try Data(content.utf8).write(to: root.appendingPathComponent(file))
        }
        try prepare(root)
        database = PackageDatabase(root: ByteString(root.path), scratch: ByteString(root.path + "/scratch"))
        database.prepare(now: now)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func write(_ path: String, _ content: String) throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: root.path + path))
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: root.path + path) }

    private static func sum(_ content: String, _ path: String) -> String {
        "\(digests[content] ?? "")  \(path)\n"
    }

    private static let files = [
        "usr/bin/dpkg": "one\n", "usr/bin/apt-get": "two\n", "usr/bin/tool": "one\n",
        "usr/bin/python3.11": "x",
        "usr/bin/unattended-upgrade": "one\n", "usr/lib/tool.so": "two\n", "etc/tool.conf": "conf\n",
        "usr/bin/plain": "one\n", "usr/bin/tool.distrib": "two\n", "var/lib/dpkg/lock": "",
        "var/lib/dpkg/diversions": "/usr/bin/moved\n/usr/bin/moved.real\nother\n",
        "usr/bin/moved": "two\n", "usr/bin/moved.real": "one\n",
        "var/lib/dpkg/info/dpkg.list": "/.\n/usr\n/usr/bin\n/usr/bin/dpkg\n",
        "var/lib/dpkg/info/dpkg.md5sums": sum("one\n", "usr/bin/dpkg"),
        "var/lib/dpkg/info/apt.list": "/.\n/usr\n/usr/bin\n/usr/bin/apt-get\n",
        "var/lib/dpkg/info/apt.md5sums": sum("two\n", "usr/bin/apt-get"),
        "var/lib/dpkg/info/unattended-upgrades.list": "/.\n/usr/bin/unattended-upgrade\n",
        "var/lib/dpkg/info/unattended-upgrades.md5sums": sum("one\n", "usr/bin/unattended-upgrade"),
        "var/lib/dpkg/info/tool:amd64.list":
            "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/bin/link\n/lib/tool.so\n/etc\n/etc/tool.conf\n/usr/share/tool\n/usr/bin/moved",
        "var/lib/dpkg/info/tool:amd64.md5sums": sum("one\n", "usr/bin/tool") + sum("two\n", "lib/tool.so")
            + sum("one\n", "usr/bin/moved"),
        "var/lib/dpkg/info/other.list": "/.\n/usr/bin/moved\n",
        "var/lib/dpkg/info/other.md5sums": sum("two\n", "usr/bin/moved"),
        "var/lib/dpkg/info/plain.list": "/.\n/usr/bin/plain\n",
        "var/lib/dpkg/status": """
        Package: dpkg
        Status: install ok installed
        Architecture: amd64
        Version: 1.21.22

        Package: tool
        Status: install ok installed
        Architecture: i386
        Version: 1.0-i386

        Package: tool
        Status: install ok installed
        Architecture: amd64
        Version: 1.0-2
        Conffiles:
         /etc/tool.conf \(digests["conf\n"] ?? "")
         /etc/gone.conf 0123456789abcdef0123456789abcdef obsolete
        Description: a tool
         with more to say

        Package: plain
        Status: install ok installed
        Architecture: all
        Version: 3

        """,
    ]
}

/// A change of `path` made by the program `executable`, which `ancestors` started.
func change(
    _ kind: ChangeKind, _ path: ByteString, by executable: ByteString? = "/usr/bin/dpkg",
    _ arguments: [ByteString] = ["dpkg", "-i", "tool.deb"], from ancestors: [ByteString] = [], at time: UInt64
) -> FileChange {
    var change = FileChange(kind: kind, path: path, type: .file, time: time, source: .fanotify)
    guard let executable else { return change }
    change.attribution = Attribution(
        process: process(100, executable, arguments),
        ancestors: ancestors.enumerated().map { index, path in
            process(Int32(99 - index), path, [path.lastComponent, "install", "tool"])
        })
    return change
}

private func process(_ pid: Int32, _ executable: ByteString, _ arguments: [ByteString]) -> ProcessIdentity {
    var process = ProcessIdentity(pid: pid, start: UInt64(pid) * 1_000)
    process.executable = Attributed(executable, .exact, from: .audit)
    process.arguments = Attributed(arguments, .exact, from: .audit)
    process.credentials = Attributed(
        Credentials(user: 0, effectiveUser: 0, group: 0, effectiveGroup: 0), .exact, from: .audit)
    process.loginUser = Attributed(.user(1000), .exact, from: .audit)
    return process
}

extension PackageAnswer {
    /// `tool 1.0-2 expected content_matches`
    var text: String {
        switch self {
        case .undecided: "undecided"
        case .nothing: "nothing"
        case .verdict(let verdict):
            [
                verdict.package?.name.text, verdict.package?.version?.text, verdict.judgement.rawValue,
                verdict.reason.rawValue,
            ].compactMap { $0 }.joined(separator: " ")
        }
    }
}
