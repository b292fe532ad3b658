import EventModel
import KernelDecoding
import Testing

/// The records of a fixture: kind and flags (UInt16), length (UInt32), payload.
private func records(_ fixture: Fixture) -> [(kind: UInt16, flags: UInt16, bytes: [UInt8])] {
    var result: [(kind: UInt16, flags: UInt16, bytes: [UInt8])] = []
    var at = 0
    let word = { (offset: Int) in UInt16(fixture.bytes[offset]) | UInt16(fixture.bytes[offset + 1]) << 8 }
    while at + 8 <= fixture.bytes.count {
        let length = Int(word(at + 4)) | Int(word(at + 6)) << 16
        result.append((word(at), word(at + 2), Array(fixture.bytes[at + 8..<at + 8 + length])))
        at += 8 + length
    }
    return result
}

private enum Kind {
    static let snapshot: UInt16 = 2
    static let processEvents: UInt16 = 3
    static let taskstats: UInt16 = 4
}

/// What decoding one record says, in one line.
private func describe(_ record: (kind: UInt16, flags: UInt16, bytes: [UInt8])) -> String {
    let bytes = record.bytes.span.bytes
    do throws(ProcessDecodeError) {
        switch record.kind {
        case Kind.processEvents:
            guard let event = try ProcessEvent(decoding: bytes) else { return "event ignored" }
            return "event \(event.pid) \(event.change)"
        case Kind.taskstats:
            guard let exit = try TaskExit(decoding: bytes, readAt: 0) else { return "exit ignored" }
            return "exit \(exit.pid) parent \(exit.parentPid) user \(exit.user) \(exit.name.text) "
                + "\(exit.executableDevice):\(exit.executableInode)"
        case Kind.snapshot:
            let found = try ProcessSnapshot(decoding: bytes, flags: record.flags)
            return "snapshot \(found.pid) \(found.reason) \(found.executable?.text ?? "-") "
                + "\(found.arguments?.map(\.text) ?? []) \(found.name?.text ?? "-") "
                + "\(found.loginUser.map { "\($0)" } ?? "-") start \(found.startTicks ?? 0) "
                + "parent \(found.parentPid ?? -1)"
        default: return "kind \(record.kind)"
        }
    } catch {
        return "error \(error.rawValue)"
    }
}

@Suite("process events")
struct ProcessEventTests {
    @Test("recorded records decode as expected", arguments: Fixture.all("processes"))
    func golden(fixture: Fixture) throws {
        let actual = records(fixture).map(describe).joined(separator: "\n") + "\n"
        #expect(try actual == fixture.expected(writing: actual))
    }

    @Test(
        "a record cut off anywhere is an error or a prefix, never a trap", arguments: Fixture.all("processes")
    )
    func truncated(fixture: Fixture) {
        for record in records(fixture).prefix(60) {
            for length in 0..<record.bytes.count {
                _ = describe((record.kind, record.flags, Array(record.bytes.prefix(length))))
            }
        }
    }

    @Test("corrupted records never trap", arguments: Fixture.all("processes"))
    func corrupted(fixture: Fixture) {
        var generator = SystemRandomNumberGenerator()
        for record in records(fixture).prefix(60) where !record.bytes.isEmpty {
            for _ in 0..<200 {
                var bytes = record.bytes
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
                _ = describe((record.kind, record.flags, bytes))
            }
        }
    }

    @Test("an exit record of an unknown version is refused, and tells its version", arguments: [7, 15])
    func unknownExitRecords(version: UInt8) {
        let record = exitRecord(version: version)
        #expect(describe((Kind.taskstats, 0, record)) == "error unknown_layout")
        #expect(describe((Kind.taskstats, 0, exitRecord(version: 8))).hasPrefix("exit 0"))
        let found = TaskExit.version(in: record.span.bytes)
        #expect(found == UInt16(version))
        let cutOff = Array(record.prefix(40))
        let none = TaskExit.version(in: cutOff.span.bytes)
        #expect(none == nil)
    }

    /// A datagram of taskstats with nothing in it but the version.
    private func exitRecord(version: UInt8) -> [UInt8] {
        let stats: [UInt8] = [version] + [UInt8](repeating: 0, count: 399)
        let attribute = { (type: UInt8, content: [UInt8]) -> [UInt8] in
            [UInt8((content.count + 4) & 255), UInt8((content.count + 4) >> 8), type, 0] + content
        }
        let content = attribute(4, attribute(3, stats))
        let length = 20 + content.count
        return [UInt8(length & 255), UInt8(length >> 8)] + [UInt8](repeating: 0, count: 18) + content
    }

    @Test("names with spaces, parentheses and newlines do not shift the fields")
    func oddNames() throws {
        var record = [UInt8](repeating: 0, count: 24)
        let section = { (number: UInt16, text: String) -> [UInt8] in
            var bytes = Array(text.utf8)
            let header: [UInt8] = [
                UInt8(number), 0, 0, 0, UInt8(bytes.count & 255), UInt8(bytes.count >> 8), 0, 0,
            ]
            while bytes.count % 8 != 0 { bytes.append(0) }
            return header + bytes
        }
        record += section(2, "7 (a) b) S 1 7 7 34816 7 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 0 0\n")
        record += section(
            1,
            "Name:\ta) b\\n\\\\\nUmask:\t0022\nState:\tZ (zombie)\nTgid:\t7\nPPid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t7\t1\n"
        )
        let found = try ProcessSnapshot(decoding: record.span.bytes, flags: 4)
        #expect(found.startTicks == 4_242)
        #expect(found.terminalNumber == 34_816)
        #expect(found.name == "a) b\n\\")
        #expect(found.isZombie)
        #expect(found.credentials == Credentials(user: 1, effectiveUser: 2, group: 5, effectiveGroup: 6))
        #expect(found.pidNamespaceDepth == 2)
    }
}
