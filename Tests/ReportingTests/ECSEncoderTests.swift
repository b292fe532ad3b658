import EventModel
import Foundation
import Reporting
import Testing

/// The line of `event`, parsed by somebody else's parser.
private func parsed(_ event: SensorEvent) throws -> [String: Any] {
    var encoder = ECSEncoder(names: NameTable(passwd: sampleNames), bootTime: 1_795_000_000_000_000_000)
    encoder.encode(event)
    let object = try JSONSerialization.jsonObject(with: Data(encoder.line))
    return try #require(object as? [String: Any])
}

/// The value at a dotted path.
private func value(_ path: String, in object: [String: Any]) -> Any? {
    var current: Any? = object
    for key in path.split(separator: ".") { current = (current as? [String: Any])?[String(key)] }
    return current
}

private func text(_ path: String, in object: [String: Any]) -> String? { value(path, in: object) as? String }

@Suite struct ECSEncoderTests {
    @Test func namesWhatHappenedWhereAndWho() throws {
        let event = try parsed(.change(change()))
        let expected = [
            "@timestamp": "2026-11-24T14:09:36.123456789Z",
            "event.action": "replaced",
            "message": "replaced /etc/ssh/sshd_config.d/10-local.conf by vim.basic",
            "file.name": "10-local.conf",
            "file.directory": "/etc/ssh/sshd_config.d",
            "file.extension": "conf",
            "file.mode": "0644",
            "file.device": "254:1",
            "file.inode": "131072",
            "file.owner": "root",
            "file.gid": "1000",
            "process.executable": "/usr/bin/vim.basic",
            "process.entity_id": "812-812000005684",
            "process.command_line": "vim.basic -x a b",
            "process.start": "2026-11-18T11:20:12.000005684Z",
            "process.parent.name": "bash",
            "process.parent.user.name": "alice",
            "user.name": "alice",
            "user.effective.name": "root",
            "user.effective.group.id": "0",
            "vedette.login_user.id": "1000",
            "vedette.login_user.name": "alice",
            "vedette.session": "3",
            "vedette.provenance.args.provenance": "snapshot",
            "vedette.provenance.args.source": "procfs",
        ]
        for (path, wanted) in expected { #expect(text(path, in: event) == wanted, "\(path)") }
        #expect(value("process.tty.char_device.minor", in: event) as? Int == 3)
        #expect((value("vedette.process.ancestors", in: event) as? [Any])?.count == 5)
        #expect(value("file.size", in: event) as? Int == 3264)
    }

    @Test func showsHowTheContentChanged() throws {
        let event = try parsed(.change(diffChange()))
        #expect(text("vedette.diff.unified", in: event) == diffChange().contentDiff?.text.text)
        #expect(value("vedette.diff.added", in: event) as? Int == 1)
        #expect(value("vedette.diff.removed", in: event) as? Int == 1)
        #expect(value("vedette.diff.truncated", in: event) as? Bool == false)
        #expect(value("vedette.diff", in: try parsed(.change(change()))) == nil)
    }

    @Test func tellsTheDigestsThatAreKept() throws {
        let event = try parsed(.change(scannedChange()))
        let sizes = ["md5": 16, "sha1": 20, "sha256": 32, "sha512": 64]
        for (name, size) in sizes {
            let (old, new) = (String(repeating: "ab", count: size), String(repeating: "cd", count: size))
            #expect(text("file.hash." + name, in: event) == new)
            #expect(text("vedette.before." + name, in: event) == old)
            #expect(text("vedette.after." + name, in: event) == new)
        }
        var writer = ByteWriter()
        var file = try #require(scannedChange().after)
        writer.baselineRecord(path: "/f", file, seen: 1)
        #expect(String(decoding: writer.copy, as: UTF8.self).contains(#""md5":"cdcd"#))
        file.furtherDigests = nil
        writer = ByteWriter()
        writer.baselineRecord(path: "/f", file, seen: 1)
        #expect(!String(decoding: writer.copy, as: UTF8.self).contains("md5"))
    }

    @Test func saysThatTheDigestOfALargeFileComesLater() throws {
        #expect(text("vedette.digest", in: try parsed(.change(deferredChange()))) == "deferred")
        #expect(value("vedette.digest", in: try parsed(.change(change()))) == nil)
    }

    @Test func leavesOutWhatIsNotKnownAndSaysSo() throws {
        var unknown = change()
        unknown.attribution = Attribution(process: ProcessIdentity(pid: 77))
        let event = try parsed(.change(unknown))
        #expect(Set((event["process"] as? [String: Any] ?? [:]).keys) == ["pid"])
        for absent in [
            "user", "group", "container", "vedette.login_user", "vedette.session", "vedette.process",
        ] {
            #expect(value(absent, in: event) == nil, "\(absent)")
        }
        let provenance = try #require(value("vedette.provenance", in: event) as? [String: [String: String]])
        #expect(provenance.count == 10)
        #expect(provenance.values.allSatisfy { $0 == ["provenance": "unknown", "source": "none"] })
    }

    @Test func neverWritesUnsetAsANumber() throws {
        var daemon = change()
        daemon.attribution?.process.loginUser = Attributed(LoginUser(kernelValue: .max), .exact, from: .audit)
        daemon.attribution?.process.loginSession = Attributed(
            LoginSession(kernelValue: .max), .exact, from: .audit)
        let event = try parsed(.change(daemon))
        #expect(text("vedette.login_user.id", in: event) == "unset")
        #expect(text("vedette.session", in: event) == "unset")
    }

    @Test func putsTheExactBytesBesideTextThatIsNotUTF8() throws {
        let hostile = hostileChange()
        let event = try parsed(.change(hostile))
        let hex = hostile.path.bytes.map { String(format: "%02x", $0) }.joined()
        #expect(text("file.path", in: event) == hostile.path.text)
        for path in [
            "vedette.file.path_bytes", "vedette.file.previous_path_bytes", "vedette.process.executable_bytes",
            "vedette.file.container_path_bytes", "vedette.process.parent.name_bytes",
        ] { #expect(text(path, in: event) == hex, "\(path)") }
        let arguments = value("vedette.process.args_bytes", in: event) as? [String]
        #expect(arguments == [hex, "00"])
        #expect(value("vedette.file.path_bytes", in: try parsed(.change(change()))) == nil)
    }

    @Test func tellsThePackageAndItsVerdict() throws {
        let event = try parsed(.change(packageChange()))
        let expected = [
            "package.name": "curl", "package.version": "8.0-1", "package.architecture": "amd64",
            "package.type": "deb", "vedette.package.verdict": "expected",
            "vedette.package.reason": "content_matches", "vedette.package.manager": "dpkg",
            "vedette.package.transaction.entity_id": "700-700000004900",
            "vedette.package.transaction.command_line": "apt-get -x a b",
            "vedette.package.transaction.user.name": "alice",
            "vedette.package.transaction.login_user.id": "1000",
        ]
        for (path, wanted) in expected { #expect(text(path, in: event) == wanted, "\(path)") }
        let byHand = try parsed(.change(packageChange(.unexpected, .outsideManager, isByHand: true)))
        #expect(text("vedette.package.reason", in: byHand) == "outside_manager")
        #expect(value("vedette.package.transaction", in: byHand) == nil)
        #expect(value("package", in: try parsed(.change(change()))) == nil)
    }

    @Test func tellsThePodAndTheContainer() throws {
        let event = try parsed(.change(podChange()))
        #expect(text("container.runtime", in: event) == "containerd")
        #expect(text("orchestrator.namespace", in: event) == "shop")
        #expect(text("orchestrator.resource.name", in: event) == "web-0")
        #expect(text("vedette.pod.uid", in: event) == "0d5c7b1e-8a35-4d0b-9a2e-cd1f5b8a7c11")
        #expect(text("vedette.file.container_path", in: event) == "/etc/motd")
        #expect(text("vedette.file.layer.storage", in: event) == "containerd")
        #expect(text("vedette.file.layer.id", in: event) == "12")
        #expect(text("vedette.file.layer.path", in: event) == "/etc/motd")
    }

    @Test func givesTheParentNumberWhenTheParentIsNotInTheChain() throws {
        var orphan = change()
        orphan.attribution?.ancestors = [process(4000, "/usr/bin/stranger")]
        let parent = try #require(value("process.parent", in: try parsed(.change(orphan))) as? [String: Any])
        #expect(parent.count == 1)
        #expect(parent["pid"] as? Int == 811)
    }

    @Test func writesOneLineForEachEventAndCountsThem() throws {
        var encoder = ECSEncoder()
        for (index, event) in allSamples().enumerated() {
            encoder.encode(event)
            let line = encoder.line
            #expect(line.last == UInt8(ascii: "\n"))
            #expect(line.dropLast().allSatisfy { $0 >= 0x20 })
            let parsed = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            #expect(value("event.sequence", in: parsed) as? Int == index + 1)
        }
    }
}

extension ECSEncoderTests {
    @Test(arguments: [
        ("/", nil, "/", nil), ("/etc", "etc", "/", nil), ("/etc/a.b.c", "a.b.c", "/etc", "c"),
        ("/etc.d/.profile", ".profile", "/etc.d", nil),
        ("/a/b.", "b.", "/a", nil), ("/a/.x.y", ".x.y", "/a", "y"),
        ("", nil, "", nil), ("odd", "odd", "", nil),
    ])
    func takesAPathApart(_ path: String, _ name: String?, _ directory: String, _ suffix: String?) throws {
        let event = try parsed(.change(change(.modified, ByteString(path))))
        #expect(text("file.name", in: event) == name)
        #expect(text("file.directory", in: event) == directory)
        #expect(text("file.extension", in: event) == suffix)
    }
}
