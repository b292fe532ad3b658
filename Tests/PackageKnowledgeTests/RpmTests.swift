import EventModel
import Foundation
import PackageKnowledge
import Testing

private let second: UInt64 = 1_000_000_000
private let canRunRpm = canRun("/usr/bin/rpm", "/usr/bin/rpmbuild", what: "real rpm transactions")

/// rpm itself installs, upgrades and removes packages in a directory of the test's own.
@Suite(.enabled(if: canRunRpm, "needs root, rpm and rpmbuild")) final class RpmTests {
    let root: URL
    let work: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("vedette-\(UUID().uuidString)")
        work = FileManager.default.temporaryDirectory.appendingPathComponent("vedette-\(UUID().uuidString)")
        for directory in [root, work] {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        }
        try rpm("-i", build("rpm", "9", files: ["/usr/bin/rpm": "one"], list: ""))
    }

    deinit { for directory in [root, work] { try? FileManager.default.removeItem(at: directory) } }

    private func rpm(_ arguments: String...) throws {
        try run(
            [
                "rpm", "--root", root.path, "--dbpath", "/var/lib/rpm", "--nodeps", "--noscripts",
                "--force-debian",
            ]
                + arguments)
    }

    /// Builds a package; its path.
    private func build(_ name: String, _ version: String, files: [String: String], list: String) throws
        -> String
    {
        let install = files.map { path, content in
            "mkdir -p $(dirname %{buildroot}\(path)); echo '\(content)' > %{buildroot}\(path)"
        }
        let plain = files.keys.filter { !$0.hasPrefix("/etc/") }.sorted()
        let specification = """
            Name: \(name)
            Version: \(version)
            Release: 2
            Epoch: 1
            Summary: sample
            License: none
            BuildArch: noarch
            %description
            sample
            %install
            \(install.sorted().joined(separator: "\n"))
            mkdir -p %{buildroot}/usr/share/sample
            ln -s sample %{buildroot}/usr/bin/link
            %files
            \(plain.joined(separator: "\n"))
            \(list)
            """
        let file = work.appendingPathComponent("\(name).spec")
        try Data((specification + "\n").utf8).write(to: file)
        try run([
            "rpmbuild", "-bb", "--define", "_topdir \(work.path)", "--define",
            "_unpackaged_files_terminate_build 0",
            "--buildroot", work.path + "/root", file.path,
        ])
        return "\(work.path)/RPMS/noarch/\(name)-\(version)-2.noarch.rpm"
    }

    private let list = """
        /usr/bin/link
        %dir /usr/share/sample
        %config(noreplace) /etc/sample.conf
        %ghost /etc/sample.ghost
        """

    @Test func tellsWhatRpmDidFromWhatWasDoneByHand() throws {
        let database = PackageDatabase(root: ByteString(root.path), scratch: ByteString(work.path))
        #expect(database.managers == [.rpm])
        func answer(
            _ kind: ChangeKind, _ path: ByteString, by program: ByteString? = "/usr/bin/rpm",
            after seconds: UInt64 = 10
        ) -> String {
            let time = UInt64(Date().timeIntervalSince1970 * 1e9)
            let change = change(kind, path, by: program, ["rpm", "-i"], at: time)
            return database.answer(for: change, now: time + seconds * second).text
        }
        database.prepare(now: UInt64(Date().timeIntervalSince1970 * 1e9))
        #expect(answer(.created, "/usr/bin/sample", after: 0) == "undecided")
        let files = ["/usr/bin/sample": "one", "/usr/bin/old": "one", "/etc/sample.conf": "conf"]
        try rpm("-i", try build("sample", "1.0", files: files, list: list))
        for path: ByteString in ["/usr/bin/sample", "/usr/bin/old", "/etc/sample.conf"] {
            #expect(answer(.created, path, after: 0) == "sample 1:1.0-2 expected content_matches", "\(path)")
        }
        #expect(answer(.created, "/usr/bin/link") == "sample 1:1.0-2 expected listed")
        #expect(answer(.modified, "/var/lib/rpm/rpmdb.sqlite") == "expected manager_state")
        database.prepare(now: UInt64(Date().timeIntervalSince1970 * 1e9) + 10 * second)

        let newer = ["/usr/bin/sample": "two", "/etc/sample.conf": "conf"]
        try rpm("-U", try build("sample", "2.0", files: newer, list: list))
        #expect(answer(.replaced, "/usr/bin/sample", after: 0) == "sample 1:2.0-2 expected content_matches")
        #expect(answer(.deleted, "/usr/bin/old", after: 0) == "sample 1:1.0-2 expected removed")

        try Data("three\n".utf8).write(to: root.appendingPathComponent("usr/bin/sample"))
        try Data("mine\n".utf8).write(to: root.appendingPathComponent("etc/sample.conf"))
        #expect(answer(.modified, "/usr/bin/sample") == "sample 1:2.0-2 unexpected content_differs")
        #expect(answer(.modified, "/etc/sample.conf") == "sample 1:2.0-2 attributed configuration")
        #expect(
            answer(.modified, "/usr/bin/sample", by: "/usr/bin/vi")
                == "sample 1:2.0-2 unexpected outside_manager")
        #expect(answer(.modified, "/usr/bin/sample", by: nil) == "sample 1:2.0-2 unexpected content_differs")
        #expect(answer(.created, "/usr/bin/unknown") == "unexpected not_owned")

        try rpm("-e", "sample")
        #expect(answer(.deleted, "/usr/bin/sample").hasSuffix(" expected removed"))
    }
}
