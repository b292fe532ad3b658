import EventModel
import Reporting
import Testing

private func line(_ event: SensorEvent, colour: Bool = false, width: Int = 100) -> String {
    var encoder = TerminalEncoder(
        names: NameTable(passwd: sampleNames), colour: colour, width: width, utcOffset: { _ in 3600 })
    encoder.encode(event)
    return String(decoding: encoder.line, as: UTF8.self)
}

@Suite struct TerminalTests {
    @Test func saysWhenWhatWhichAndWhoOnOneLine() {
        let short = line(.change(change(.modified, "/etc/passwd")))
        let who = "root (login alice)  vim.basic < bash < .. < systemd  pid 812\n"
        #expect(short == "15:09:36.123 modified   /etc/passwd  " + who)
        let full = "vim.basic < bash < sudo < bash < sshd < systemd"
        #expect(line(.change(change(.modified, "/etc/passwd")), width: 200).contains(full))
    }

    @Test func keepsWithinTheWidthButAlwaysTellsWhoStartedIt() {
        #expect(line(.change(change(.modified, "/etc/ssh/sshd_config"))).count <= 101)
        #expect(line(.change(change(.modified, "/a"))).count <= 101)
        let long = ByteString("/" + String(repeating: "x", count: 300))
        #expect(line(.change(change(.modified, long))).contains(long.text))
        #expect(line(.change(change(.modified, long))).contains("vim.basic < bash  pid 812"))
    }

    @Test func showsBothNamesOfARename() {
        #expect(line(.change(change(.renamed, "/b"))).contains("/etc/ssh/old.conf -> /b"))
    }

    @Test func saysThatNobodyLoggedInAndThatSomebodyIsNotKnown() {
        var daemon = change(.modified, "/a")
        daemon.attribution?.process.loginUser = Attributed(.unset, .exact, from: .audit)
        #expect(line(.change(daemon)).contains("login unset"))
        daemon.attribution = nil
        #expect(line(.change(daemon)).hasSuffix("/a  by an unknown process\n"))
        daemon.attribution = Attribution(process: ProcessIdentity(pid: 5))
        #expect(line(.change(daemon)).hasSuffix("/a  unknown user  ?  pid 5\n"))
    }

    @Test func saysWhatAScanFoundDifferentAndSinceWhen() {
        var change = scannedChange()
        change.after?.type = .file
        change.after?.inode = 2
        change.after?.linkTarget = nil
        (change.kind, change.path, change.interval) = (.modified, "/bin/su", sampleTime...(sampleTime + 1))
        let expected = """
            15:09:36.123 modified   /bin/su  mode 0644 -> 4755, uid 0 -> 1000, gid 0 -> 1000, size 3 -> 4, mtime, \
            links 1 -> 2, immutable no -> yes, append_only no -> yes, acl, capabilities, xattr, sha256, md5, sha1, \
            sha512  found by a scan; it happened after 2026-11-24 15:09:36

            """
        #expect(line(.change(change)) == expected)
    }

    @Test func showsTheDiffIndentedBelowTheChange() {
        let shown = line(.change(diffChange(isTruncated: true)))
        let expected = #"""
                @@ -1,2 +1,2 @@
                 # disks
                -/dev/sda1       /
                +/dev/sdb1       /\x1b\x1b[2J
                \ No newline at end of file
                ... in all 1 lines added, 1 removed

            """#
        #expect(shown.hasPrefix("15:09:36.123 modified   /etc/fstab  root"))
        #expect(shown.split(separator: "\n", maxSplits: 1)[1] == expected)
        #expect(!line(.change(diffChange())).contains("in all"))
        let coloured = line(.change(diffChange()), colour: true)
        #expect(
            coloured.contains("    \u{1b}[31m-/dev/sda1       /\u{1b}[0m\n    \u{1b}[32m+/dev/sdb1       /"))
    }

    @Test func namesThePackageAndWhatIsWrong() {
        #expect(line(.change(packageChange())).contains("/usr/bin/curl  pkg curl 8.0-1 expected  "))
        let byHand = packageChange(.unexpected, .outsideManager, isByHand: true)
        #expect(line(.change(byHand)).contains("  pkg curl 8.0-1 unexpected (outside manager)  "))
    }

    @Test func namesThePod() {
        #expect(line(.change(podChange())).contains("in pod shop/web-0"))
    }

    @Test func letsNoByteOfOthersReachTheTerminalRaw() {
        for event in allSamples() {
            var isDiff = false
            if case .change(let change) = event { isDiff = change.contentDiff != nil }
            // The newlines of a diff are ours.
            for scalar in line(event).unicodeScalars.dropLast() where !isDiff || scalar != "\n" {
                #expect(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value), "\(line(event))")
                #expect(!(0x202a...0x202e).contains(scalar.value) && scalar != "\u{fffd}")
            }
        }
        #expect(
            line(.change(hostileChange())).contains(
                #"/tmp/\x1b]0;owned\x07\n"\\\xe2\x80\xaegpj.\xff\xc0\x80"#))
    }

    @Test(arguments: [
        [0xc2, 0x9b], [0xe2, 0x80, 0x8b], [0x7f], [0x85], [0xf3, 0xa0, 0x81, 0x81], [0x0d], [0x08],
    ])
    func escapesWhatMovesHidesOrReordersText(_ bytes: [UInt8]) {
        let shown = line(.change(change(.modified, ByteString([0x2f] + bytes))))
        #expect(shown.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 < 0x7f })
    }

    @Test func coloursOnlyWhenTold() {
        for event in allSamples() { #expect(!line(event).contains("\u{1b}")) }
        #expect(line(.change(change()), colour: true).contains("\u{1b}[33mreplaced\u{1b}[0m"))
    }

    @Test func tellsLossesAndCoverage() {
        let gap = Gap(
            source: "fanotify", cause: .fanotifyOverflow, count: nil, from: sampleTime - 5_000_000,
            to: sampleTime)
        let wanted = "an unknown number of events of fanotify since 15:09:36.118 (fanotify_overflow)\n"
        #expect(line(.gap(gap)) == "15:09:36.123 LOST       " + wanted)
        let entry = CoverageEntry(source: "audit", state: .off(reason: "disabled"), advice: "auditctl -e 1")
        #expect(
            line(.coverage(entry, previous: .live, time: sampleTime))
                == "15:09:36.123 COVERAGE   audit is no longer live but off: disabled; auditctl -e 1\n")
    }

    @Test func wrapsTheCoverageTableAtItsWidth() {
        let reason = Array(repeating: "because", count: 30).joined(separator: " ")
        let entries = [
            CoverageEntry(source: "fanotify", state: .live, detail: "3 filesystems"),
            CoverageEntry(source: "proc_connector", state: .off(reason: reason), advice: reason),
        ]
        let lines = String(decoding: CoverageTable(entries, colour: false).render(), as: UTF8.self).split(
            separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(lines[1] == "fanotify        live      3 filesystems")
        #expect(lines[3].hasPrefix(String(repeating: " ", count: 26) + "because"))
    }

    @Test func sumsUpARun() {
        let summary = Summary(
            duration: 61_250_000_000, changes: [.created: 2, .modified: 1], unattributed: 1,
            sources: [
                .init(name: "fanotify", events: 9),
                .init(name: "audit", events: 5, lost: 2, uncountedLosses: 1),
            ])
        let text = String(decoding: summary.render(colour: false), as: UTF8.self)
        let wanted = """
            3 changes in 61.2 s: 2 created, 1 modified; 1 by an unknown process
              fanotify  9 events, nothing lost
              audit     5 events, 2 lost, and 1 times how much is not known

            """
        #expect(text == wanted)
    }
}
