import EventModel
import Foundation
import PackageKnowledge
import Testing

private let second: UInt64 = 1_000_000_000

@Suite struct DpkgTests {
    let host: DpkgFixture

    init() throws { host = try DpkgFixture() }

    /// The answer long after the change.
    private func answer(
        _ kind: ChangeKind, _ path: ByteString, by executable: ByteString? = "/usr/bin/dpkg",
        _ arguments: [ByteString] = ["dpkg", "-i", "tool.deb"], from ancestors: [ByteString] = [],
        type: FileType = .file
    ) -> String {
        var change = change(kind, path, by: executable, arguments, from: ancestors, at: host.now)
        change.type = type
        return host.database.answer(for: change, now: host.now + 10 * second).text
    }

    @Test func expectsWhatHasThePackagesContent() {
        #expect(answer(.replaced, "/usr/bin/tool") == "tool 1.0-2 expected content_matches")
        #expect(answer(.attributes, "/usr/bin/tool") == "tool 1.0-2 expected content_matches")
        #expect(answer(.created, "/usr/lib/tool.so") == "tool 1.0-2 expected content_matches")
        #expect(answer(.created, "/etc/tool.conf") == "tool 1.0-2 expected content_matches")
    }

    @Test func whatAScanFindsIsLookedUpHoweverMuchOthersHaveAsked() {
        var found = change(.modified, "/usr/bin/tool", by: nil, at: host.now)
        let now = host.now + 10 * second
        for _ in 0..<200_000 where host.database.counters.skipped == 0 {
            _ = host.database.answer(for: found, now: now)
        }
        #expect(host.database.counters.skipped > 0)
        #expect(host.database.answer(for: found, now: now).text == "nothing")
        found.source = .scan
        #expect(host.database.answer(for: found, now: now).text == "tool 1.0-2 attributed content_matches")
    }

    @Test func expectsLinksAndDirectoriesThatThePackageLists() throws {
        try FileManager.default.createSymbolicLink(
            atPath: host.root.path + "/usr/bin/link", withDestinationPath: "tool")
        #expect(answer(.created, "/usr/bin/link", type: .symlink) == "tool 1.0-2 expected listed")
        try FileManager.default.createDirectory(
            atPath: host.root.path + "/usr/share/tool", withIntermediateDirectories: true)
        #expect(answer(.created, "/usr/share/tool", type: .directory) == "tool 1.0-2 expected listed")
    }

    @Test func doesNotExpectOtherContent() throws {
        try host.write("/usr/bin/tool", "three\n")
        #expect(answer(.replaced, "/usr/bin/tool") == "tool 1.0-2 unexpected content_differs")
        try host.remove("/usr/bin/tool")
        try FileManager.default.createSymbolicLink(
            atPath: host.root.path + "/usr/bin/tool", withDestinationPath: "other")
        #expect(answer(.replaced, "/usr/bin/tool") == "tool 1.0-2 unexpected type_differs")
        try host.remove("/usr/bin/tool")
        #expect(answer(.deleted, "/usr/bin/tool") == "tool 1.0-2 unexpected missing")
        #expect(answer(.created, "/usr/bin/new") == "unexpected not_owned")
    }

    @Test func attributesWhatItCannotCompare() throws {
        try host.write("/etc/tool.conf", "mine\n")
        try host.write("/etc/tool.conf.dpkg-dist", "conf\n")
        #expect(answer(.modified, "/etc/tool.conf") == "tool 1.0-2 attributed configuration")
        #expect(answer(.created, "/etc/tool.conf.dpkg-dist") == "tool 1.0-2 attributed configuration")
        #expect(answer(.replaced, "/usr/bin/plain") == "plain 3 attributed no_digest")
    }

    @Test func expectsTheManagersOwnFiles() {
        #expect(answer(.replaced, "/var/lib/dpkg/status") == "expected manager_state")
        #expect(answer(.modified, "/var/log/dpkg.log") == "expected manager_state")
        #expect(answer(.transient, "/usr/bin/tool.dpkg-new") == "tool 1.0-2 expected temporary")
        let script = answer(
            .modified, "/var/lib/dpkg/status", by: "/usr/bin/sed", ["sed"], from: ["/usr/bin/dpkg"])
        #expect(script == "attributed manager_state")
    }

    @Test func knowsWhatMaintainerScriptsMake() throws {
        func script(_ kind: ChangeKind, _ path: ByteString) -> String {
            answer(
                kind, path, by: "/usr/bin/dash", ["sh", "postinst"],
                from: ["/usr/bin/dpkg", "/usr/bin/apt-get"])
        }
        #expect(script(.replaced, "/etc/ld.so.cache") == "attributed not_owned")
        #expect(script(.replaced, "/usr/bin/tool") == "tool 1.0-2 expected content_matches")
        #expect(script(.attributes, "/usr/bin/tool") == "tool 1.0-2 attributed attributes_only")
        try host.write("/usr/bin/tool", "three\n")
        #expect(script(.replaced, "/usr/bin/tool") == "tool 1.0-2 unexpected content_differs")
    }

    @Test func namesTheOutermostRun() throws {
        let change = change(
            .replaced, "/usr/bin/tool", by: "/usr/bin/dpkg", from: ["/usr/bin/apt-get", "/usr/bin/bash"],
            at: host.now)
        guard case .verdict(let verdict) = host.database.answer(for: change, now: host.now) else {
            Issue.record("no verdict")
            return
        }
        #expect(verdict.transaction?.arguments == ["apt-get", "install", "tool"])
        #expect(verdict.transaction?.pid == 99 && verdict.transaction?.start == 99_000)
        #expect(verdict.transaction?.loginUser == .user(1000))
        #expect(verdict.package?.architecture == "amd64")
    }

    @Test func knowsAManagerThatIsAScript() {
        let upgrade: [ByteString] = ["/usr/bin/python3", "/usr/bin/unattended-upgrade", "-v"]
        #expect(
            answer(.modified, "/var/lib/apt/x", by: "/usr/bin/python3.11", upgrade)
                == "expected manager_state")
        let other: [ByteString] = ["/usr/bin/python3", "-c", "/usr/bin/unattended-upgrade"]
        #expect(
            answer(.modified, "/usr/bin/tool", by: "/usr/bin/python3.11", other)
                == "tool 1.0-2 unexpected outside_manager")
    }

    @Test(arguments: ["/tmp/dpkg", "/usr/bin/dpkg-copy", "/usr/bin/bash", "/usr/bin/tool"])
    func aProgramThatIsNoManagersIsNotExpectedToWriteEvenTheSameBytes(_ program: ByteString) throws {
        try host.write("/usr/bin/dpkg-copy", "one\n")
        #expect(answer(.replaced, "/usr/bin/tool", by: program) == "tool 1.0-2 unexpected outside_manager")
        #expect(
            answer(.replaced, "/etc/tool.conf", by: program)
                == "tool 1.0-2 unexpected configuration_outside_manager")
        #expect(answer(.replaced, "/etc/passwd", by: program) == "nothing")
    }

    @Test func aManagerThatIsNotWhatItsPackageSaysIsNone() throws {
        try host.write("/usr/bin/dpkg", "evil\n")
        #expect(answer(.replaced, "/usr/bin/tool") == "tool 1.0-2 unexpected outside_manager")
    }

    @Test func judgesTheContentWhenNobodyIsKnown() throws {
        #expect(answer(.modified, "/usr/bin/tool", by: nil) == "tool 1.0-2 attributed content_matches")
        try host.write("/usr/bin/tool", "three\n")
        #expect(answer(.modified, "/usr/bin/tool", by: nil) == "tool 1.0-2 unexpected content_differs")
        #expect(answer(.created, "/etc/other", by: nil) == "nothing")
    }

    @Test func followsDiversions() throws {
        #expect(answer(.replaced, "/usr/bin/moved.real") == "tool 1.0-2 expected content_matches")
        #expect(answer(.replaced, "/usr/bin/moved") == "other expected content_matches")
    }

    @Test func leavesOtherDatabasesAlone() {
        #expect(
            answer(.created, "/srv/x", ["dpkg", "--root=/srv", "-i", "x.deb"]) == "attributed other_database")
    }

    @Test func leavesContainersAlone() {
        var change = change(.replaced, "/usr/bin/tool", at: host.now)
        change.containerPath = "/usr/bin/tool"
        #expect(host.database.answer(for: change, now: host.now + 10 * second) == .nothing)
    }

    @Test func waitsForTheDatabaseBeforeItSaysUnexpected() throws {
        try host.write("/usr/bin/tool", "two\n")
        let change = change(.replaced, "/usr/bin/tool", at: host.now)
        #expect(host.database.answer(for: change, now: host.now) == .undecided)
        let hasty = host.database.answer(for: change, now: host.now, canWait: false)
        #expect(hasty.text.hasSuffix("attributed no_digest"))
        let digest = DpkgFixture.digests["two\n"] ?? ""
        try host.write("/var/lib/dpkg/info/tool:amd64.md5sums", "\(digest)  usr/bin/tool\n")
        try host.write(
            "/var/lib/dpkg/updates/0001", "Package: tool\nArchitecture: amd64\nVersion: 2.0\n\n")
        #expect(host.database.answer(for: change, now: host.now).text == "tool 2.0 expected content_matches")
    }

    @Test func waitsAsLongAsATransactionRuns() throws {
        let script = """
            import fcntl, sys
            lock = open(sys.argv[1], "r+")
            fcntl.lockf(lock, fcntl.LOCK_EX)
            print("locked", flush=True)
            sys.stdin.read()
            """
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        holder.arguments = ["python3", "-c", script, host.root.path + "/var/lib/dpkg/lock"]
        let (input, output) = (Pipe(), Pipe())
        (holder.standardInput, holder.standardOutput) = (input, output)
        try holder.run()
        #expect(output.fileHandleForReading.availableData.starts(with: Data("locked".utf8)))
        let change = change(.created, "/usr/bin/unpacked", at: host.now)
        #expect(host.database.answer(for: change, now: host.now + 60 * second) == .undecided)
        #expect(
            host.database.answer(for: change, now: host.now + 1_000 * second).text == "unexpected not_owned")
        try input.fileHandleForWriting.close()
        holder.waitUntilExit()
        #expect(host.database.answer(for: change, now: host.now + 60 * second).text == "unexpected not_owned")
    }

    @Test func learnsOfANewPackageAndRemembersOneThatIsGone() throws {
        try host.write("/usr/bin/fresh", "one\n")
        let created = change(.created, "/usr/bin/fresh", at: host.now)
        #expect(host.database.answer(for: created, now: host.now) == .undecided)
        try host.write("/var/lib/dpkg/info/fresh.list", "/.\n/usr/bin/fresh\n")
        try host.write(
            "/var/lib/dpkg/info/fresh.md5sums", "\(DpkgFixture.digests["one\n"] ?? "")  usr/bin/fresh\n")
        // Looking it all through again has to wait.
        #expect(host.database.answer(for: created, now: host.now + 3 * second) == .undecided)
        let later = host.now + 10 * second
        #expect(host.database.answer(for: created, now: later).text == "fresh expected content_matches")

        for path in ["/usr/bin/fresh", "/var/lib/dpkg/info/fresh.list", "/var/lib/dpkg/info/fresh.md5sums"] {
            try host.remove(path)
        }
        try host.write(
            "/var/log/dpkg.log",
            "2026-11-27 09:10:49 remove fresher:amd64 9 <none>\n2026-11-27 09:10:49 remove fresh:amd64 1.5 <none>\n"
                + "2026-11-27 09:10:49 status not-installed fresh:amd64 <none>\n")
        for pause: UInt64 in [0, 10, 20, 30] {
            let removed = change(.deleted, "/usr/bin/fresh", at: later)
            let answer = host.database.answer(for: removed, now: later + pause * second)
            #expect(answer.text == "fresh 1.5 expected removed", "\(pause)")
        }
    }

    /// More paths than a slice has room for, in a package of which only a part is kept.
    @Test func findsEveryPathOfALargePackage() throws {
        let paths = (0..<50_000).map { "/usr/share/large/\($0)" }
        try host.write("/var/lib/dpkg/info/large.list", paths.joined(separator: "\n") + "\n")
        host.database.prepare(now: host.now + 10 * second)
        #expect(host.database.unindexed == 0)
        for (turn, number) in [0, 49_999, 20_000, 20_001, 16_384, 1].enumerated() {
            let change = change(.modified, ByteString(paths[number]), by: "/usr/bin/vi", at: host.now)
            let answer = host.database.answer(for: change, now: host.now + UInt64(100 + turn * 100) * second)
            #expect(answer.text == "large unexpected outside_manager")
        }
    }

    @Test func readsNothingFromALineWithoutEnd() throws {
        let long = String(repeating: "x", count: 200_000)
        try host.write("/var/lib/dpkg/info/odd.list", "/\(long)\n/usr/bin/after\n/\(long)")
        host.database.prepare(now: host.now + 10 * second)
        #expect(answer(.modified, "/usr/bin/after", by: "/usr/bin/vi") == "odd unexpected outside_manager")
        #expect(answer(.modified, ByteString("/" + long), by: "/usr/bin/vi") == "nothing")
    }

    @Test func aDaemonThatAScriptStartedIsNoPartOfLaterTransactions() {
        host.now += 3_600 * second
        let text = answer(
            .modified, "/usr/bin/tool", by: "/usr/bin/daemon", ["daemon"], from: ["/usr/bin/dpkg"])
        #expect(text == "tool 1.0-2 unexpected outside_manager")
    }
}
