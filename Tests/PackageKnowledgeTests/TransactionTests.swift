import EventModel
import Foundation
import PackageKnowledge
import Testing

private let second: UInt64 = 1_000_000_000

private let canRunDpkg = canRun("/usr/bin/dpkg", "/usr/bin/dpkg-deb", what: "real dpkg transactions")

/// dpkg itself installs, upgrades and removes a package in a directory of the test's own.
@Suite(.enabled(if: canRunDpkg, "needs root and dpkg")) struct TransactionTests {
    let host: DpkgFixture

    init() throws {
        host = try DpkgFixture { root in
            let database = root.appendingPathComponent("var/lib/dpkg")
            for name in ["tool:amd64", "other", "plain", "apt", "unattended-upgrades"] {
                for suffix in ["list", "md5sums"] {
                    try? FileManager.default.removeItem(
                        at: database.appendingPathComponent("info/\(name).\(suffix)"))
                }
            }
            try Data().write(to: database.appendingPathComponent("diversions"))
            let status = """
                Package: dpkg
                Status: install ok installed
                Maintainer: nobody <nobody@localhost>
                Architecture: amd64
                Version: 1.21.22
                Description: stands in for dpkg


                """
            try Data(status.utf8).write(to: database.appendingPathComponent("status"))
        }
    }

    /// Builds a package with `files` and has dpkg install it.
    private func install(version: String, _ files: [String: String]) throws {
        let source = host.root.appendingPathComponent("build-\(version)")
        var contents = files
        contents["DEBIAN/control"] = """
            Package: sample
            Version: \(version)
            Architecture: all
            Maintainer: nobody <nobody@localhost>
            Description: sample

            """
        contents["DEBIAN/conffiles"] = "/etc/sample.conf\n"
        contents["DEBIAN/md5sums"] = files.filter { !$0.key.hasPrefix("etc/") }.map { path, content in
            "\(DpkgFixture.digests[content] ?? "")  \(path)\n"
        }.joined()
        for (path, content) in contents {
            let file = source.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        let archive = host.root.path + "/sample-\(version).deb"
        try run(["dpkg-deb", "--build", "--root-owner-group", source.path, archive])
        try dpkg("-i", archive)
    }

    private func dpkg(_ arguments: String...) throws {
        try run(["dpkg", "--root=\(host.root.path)", "--log=\(host.root.path)/var/log/dpkg.log"] + arguments)
    }

    private func answer(_ kind: ChangeKind, _ path: ByteString, after seconds: UInt64 = 10) -> String {
        let time = UInt64(Date().timeIntervalSince1970 * 1e9)
        return host.database.answer(for: change(kind, path, at: time), now: time + seconds * second).text
    }

    @Test func tellsWhatDpkgDidFromWhatWasDoneByHand() throws {
        try install(
            version: "1.0", ["usr/bin/sample": "one\n", "usr/bin/old": "one\n", "etc/sample.conf": "conf\n"])
        for path: ByteString in ["/usr/bin/sample", "/usr/bin/old", "/etc/sample.conf"] {
            #expect(answer(.created, path) == "sample 1.0 expected content_matches", "\(path)")
        }
        #expect(answer(.replaced, "/var/lib/dpkg/status") == "expected manager_state")

        try install(version: "2.0", ["usr/bin/sample": "two\n", "etc/sample.conf": "conf\n"])
        #expect(answer(.replaced, "/usr/bin/sample", after: 0) == "sample 2.0 expected content_matches")
        #expect(answer(.deleted, "/usr/bin/old", after: 0) == "sample 2.0 expected removed")

        try host.write("/usr/bin/sample", "three\n")
        #expect(answer(.modified, "/usr/bin/sample") == "sample 2.0 unexpected content_differs")
        let byHand = change(.modified, "/usr/bin/sample", by: "/usr/bin/vi", at: host.now)
        #expect(
            host.database.answer(for: byHand, now: host.now).text == "sample 2.0 unexpected outside_manager")

        try dpkg("--remove", "sample")
        #expect(answer(.deleted, "/usr/bin/sample", after: 20) == "sample 2.0 expected removed")
        try dpkg("--purge", "sample")
        #expect(answer(.deleted, "/etc/sample.conf", after: 30) == "sample 2.0 expected removed")
    }
}
