internal import EventModel
internal import Testing

@testable internal import KernelDecoding

/// Keeps what a decoder finds, as text.
struct AuditCollector: AuditEventConsumer, ~Copyable {
    var events: [String] = []
    var losses: [AuditLoss] = []
    var incomplete = 0

    mutating func lost(_ loss: AuditLoss) { losses.append(loss) }

    mutating func consume(_ event: AuditEvent, records: Span<AuditRecord>, bytes: Span<UInt8>) {
        var text = "\(event.id.serial)"
        if event.isCutShort { incomplete += 1 }
        for index in records.indices {
            text += " \(records[index].type.name?.text ?? "?")("
            var fields = records[index].fields
            var pairs: [String] = []
            while let field = fields.next(in: bytes) {
                let key = ByteString(bytes.extracting(field.keyStart..<field.keyEnd)).text
                let value = ByteString(bytes.extracting(field.valueStart..<field.valueEnd)).text
                pairs.append("\(field.isNested ? "'" : "")\(key)=\(value)")
            }
            text += pairs.joined(separator: "|") + ")"
        }
        events.append(text)
    }

    static func decode(_ text: String) -> (events: [String], malformed: [AuditDecodeError: UInt64]) {
        var decoder = AuditTextDecoder()
        var collector = AuditCollector()
        let bytes = Array(text.utf8)
        decoder.feed(bytes.span, into: &collector)
        decoder.finish(into: &collector)
        return (
            collector.events,
            Dictionary(uniqueKeysWithValues: decoder.malformed.map { ($0.reason, $0.count) })
        )
    }
}

@Suite("Audit records")
struct AuditRecordTests {
    private static let shapes: [(String, String)] = [
        ("type=CWD msg=audit(1.002:3): cwd=\"/a b\" x=1", "3 CWD(cwd=/a b|x=1)"),
        ("node=h type=CWD msg=audit(1.002:3): cwd=2F", "3 CWD(cwd=2F)"),
        ("type=1307 audit(1.002:3): cwd=\"/\"", "3 CWD(cwd=/)"),
        (
            "type=USER_LOGIN msg=audit(1.0:3): pid=1 msg='op=login acct=\"a b\" res=success'",
            "3 USER_LOGIN(pid=1|'op=login|'acct=a b|'res=success)"
        ),
        (
            "type=USER_CMD msg=audit(1.0:3): pid=1 msg='cmd=\"x\"'\u{1d}UID=\"root\"",
            "3 USER_CMD(pid=1|'cmd=x)"
        ),
        ("type=USER msg=audit(1.0:3): msg='it's type=SYSCALL uid=0'", "3 USER('type=SYSCALL|'uid=0)"),
        ("type=SYSCALL msg=audit(1.0:3): pid=1 key=(null)\u{1d}ARCH=x86_64", "3 SYSCALL(pid=1|key=(null))"),
        (
            "type=LOGIN msg=audit(1.0:3): login pid=8 uid=0, old auid=1 new auid=2",
            "3 LOGIN(pid=8|uid=0|auid=1|auid=2)"
        ),
        (
            "type=AVC msg=audit(1.0:3): avc:  denied  { read } for  pid=1 comm=\"a\" tclass=file",
            "3 AVC(pid=1|comm=a|tclass=file)"
        ),
        (
            "type=AVC msg=audit(1.0:3): apparmor=\"DENIED\" info=\"Failed name lookup\" name=\"/x\"",
            "3 AVC(apparmor=DENIED|info=Failed name lookup|name=/x)"
        ),
        ("type=CWD msg=audit(1.0:3): cwd=\"/open x=1 y=\"z\"", "3 CWD(cwd=\"/open|x=1|y=z)"),
        ("type=EOE msg=audit(1.0:3): ", ""), ("type=NEWTYPE msg=audit(1.0:3): a=", "3 ?(a=)"),
    ]

    @Test func everyShapeOfFieldIsTakenApart() {
        for (line, expected) in Self.shapes {
            let events = AuditCollector.decode(line + "\n").events
            #expect(events == (expected.isEmpty ? [] : [expected]), "\(line)")
        }
    }

    @Test func linesThatAreNoRecordsAreCountedByReason() {
        let lines = [
            "----", "time->Mon", "type=CWD", "type=CWD msg=x", "type=CWD msg=audit(x.0:1): ",
            "type=CWD msg=audit(1.1000:1): ", "type=CWD msg=audit(1.0:99999999999): ",
            "type=CWD msg=audit(1.0:1",
            String(repeating: "x", count: 70_000), "", "type=CWD msg=audit(1.0:1): cwd=\"/unfinished",
        ]
        let malformed = AuditCollector.decode(lines.joined(separator: "\n")).malformed
        #expect(
            malformed == [
                .missingType: 2, .missingPrefix: 2, .badTimestamp: 2, .badSerial: 2, .tooLong: 1,
                .unfinished: 1,
            ])
    }

    @Test func recordsForgedInNamesAndArgumentsAreNotRecords() {
        let forged = "type=SYSCALL msg=audit(1.0:9): pid=1"
        let hex = ("\n" + forged + "\n").utf8.map { String($0, radix: 16) }.joined()
        let text = """
            type=PATH msg=audit(1.0:3): item=0 name="\(forged.replacing(" ", with: "_"))" inode=1
            type=PATH msg=audit(1.0:3): item=1 name=0a\(hex.dropFirst(1)) inode=2
            type=USER msg=audit(1.0:4): msg='\(forged)'

            """
        let events = AuditCollector.decode(text).events
        #expect(events.count == 2)
        #expect(events.allSatisfy { !$0.hasPrefix("9") && !$0.contains(" SYSCALL(") })
        #expect(events.contains { $0.contains("inode=1") && $0.contains("inode=2") })
    }

    @Test func aPayloadWithALineFeedIsOneRecord() {
        var decoder = AuditStreamDecoder(ignoredPid: nil)
        var others = 0
        let payload = Array("audit(1.0:3): pid=1 msg='a\ntype=SYSCALL msg=audit(1.0:4): pid=2 res=1'".utf8)
        decoder.feed(type: 1112, payload: payload.span, readAt: 1) {
            if case .other(let type, let id) = $0, type.rawValue == 1112, id.serial == 3 { others += 1 }
        }
        #expect(others == 1)
    }

    @Test func aLoginThatARuleAsksForIsOneEventWithItsSystemCall() {
        let text = """
            type=LOGIN msg=audit(1.0:3): pid=1 auid=0
            type=SYSCALL msg=audit(1.0:3): pid=1
            type=PROCTITLE msg=audit(1.0:3): proctitle="x"

            """
        #expect(AuditCollector.decode(text).events.count == 1)
    }

    @Test func serialNumbersRollOver() {
        let serials: [UInt32] = [.max - 2, .max - 1, 0, 1, 4]
        var decoder = AuditTextDecoder()
        var collector = AuditCollector()
        for serial in serials {
            let line = Array("type=USER msg=audit(1.0:\(serial)): pid=1\n".utf8)
            decoder.feed(line.span, into: &collector)
        }
        decoder.finish(into: &collector)
        #expect(collector.losses == [AuditLoss(first: .max, last: .max), AuditLoss(first: 2, last: 3)])
        #expect(collector.events.count == 5)
    }

    @Test func nodesAreKeptApart() {
        let text = (1...3).flatMap { step in
            ["a", "b"].map { node in
                "node=\(node) type=\(["SYSCALL", "CWD", "PROCTITLE"][step - 1]) msg=audit(1.0:7): n=\(node)\n"
            }
        }
        let events = AuditCollector.decode(text.joined()).events
        #expect(events.sorted() == ["a", "b"].map { "7 SYSCALL(n=\($0)) CWD(n=\($0)) PROCTITLE(n=\($0))" })
    }

    @Test func anEventIsGivenUpTwoSecondsAfterItsFirstRecord() {
        let text = """
            type=SYSCALL msg=audit(1.0:1): a=1
            type=USER msg=audit(2.9:2): b=1
            type=CWD msg=audit(1.0:1): a=2
            type=USER msg=audit(3.1:3): b=1
            type=PATH msg=audit(1.0:1): a=3

            """
        let events = AuditCollector.decode(text).events
        #expect(events.contains("1 SYSCALL(a=1) CWD(a=2)") && events.contains("1 PATH(a=3)"))
    }

    @Test func memoryIsBoundedWhateverArrives() {
        var limits = AuditAssemblerLimits(timeout: .max)
        limits.openEvents = 16
        limits.bytesPerEvent = 1000
        limits.bytes = 4000
        var decoder = AuditTextDecoder(limits: limits)
        var collector = AuditCollector()
        for serial in 1...100 {
            let line = "type=PATH msg=audit(1.0:\(serial)): a=\(String(repeating: "x", count: 300))\n"
            for _ in 0..<9 {
                let bytes = Array(line.utf8)
                decoder.feed(bytes.span, into: &collector)
            }
        }
        decoder.finish(into: &collector)
        #expect(collector.events.count == 100 && decoder.counters.truncatedRecords == 100 * 6)
        #expect(collector.incomplete >= 84)
    }
}

@Suite("Audit values")
struct AuditValueTests {
    private func arguments(_ records: [String]) -> AuditArguments {
        var arguments = AuditArguments()
        for text in records {
            let bytes = Array(text.utf8)
            let record = AuditRecord(type: .execve, start: 0, body: 0, end: UInt32(bytes.count))
            arguments.add(record, in: bytes.span)
        }
        return arguments
    }

    @Test func argumentsAreReconstructedAcrossRecords() {
        let split = arguments(["argc=3 a0=\"a\" a1_len=8 a1[0]=6263", "a1[1]=6420 a2=\"\""])
        #expect(split.complete == ["a", "bcd ", ""])
        #expect(arguments(["argc=1 a0_len=4 a0[0]=\"ab\" a0[1]=\"cd\""]).complete == ["abcd"])
    }

    @Test func missingArgumentsAreNotGuessed() {
        for records in [
            ["argc=2 a0=\"a\""], ["argc=2 a0=\"a\" a2=\"c\""], ["argc=2 a0_len=8 a0[0]=6263", "a1=\"x\""],
            ["argc=1 a0_len=8 a0[1]=6263"], ["argc=1 a0_len=2 a0[0]=626364"], ["a0=\"a\""],
        ] {
            #expect(arguments(records).complete == nil, "\(records)")
        }
    }

    @Test func hexadecimalOfNineKilobytesTakesLinearTime() {
        func time(_ count: Int) -> ContinuousClock.Duration {
            let text = Array(("argc=1 a0=" + String(repeating: "4a", count: count)).utf8)
            let record = AuditRecord(type: .execve, start: 0, body: 0, end: UInt32(text.count))
            return (0..<5).map { _ in
                ContinuousClock().measure {
                    for _ in 0..<20 {
                        var arguments = AuditArguments()
                        arguments.add(record, in: text.span)
                        #expect(arguments.complete?.first?.count == count)
                    }
                }
            }.min() ?? .zero
        }
        // Sixteen times the bytes: quadratic time would be 256 times as long.
        #expect(time(9000 * 16) < time(9000) * 64)
    }

    @Test func addressesOfAllFamiliesAreDecoded() {
        let cases: [(String, AuditSocketAddress)] = [
            ("020000090A0000010000000000000000", .inet(address: [10, 0, 0, 1], port: 9)),
            ("0100002F72756E2F6100", .unix(path: Array("\0/run/a\0".utf8))),
            ("01002F72756E2F6100FFFF", .unix(path: Array("/run/a".utf8))),
            ("100000000100000002000000", .netlink(port: 1, groups: 2)),
            (
                "1100000301000000000000060102030405060000",
                .packet(protocolNumber: 3, interface: 1, hardware: [1, 2, 3, 4, 5, 6])
            ),
            ("280000000F27000002000000", .vsock(cid: 2, port: 9999)), ("1D00", .other(family: 29)),
            ("0200", .other(family: 2)),
        ]
        for (hex, expected) in cases {
            let text = Array(hex.utf8)
            let bytes = decodedHexadecimal(text.span, 0, text.count) ?? []
            #expect(AuditSocketAddress(bytes) == expected, "\(hex)")
        }
        #expect(AuditSocketAddress([1]) == nil)
    }

    @Test func sixthVersionAddressesAreShortened() {
        for (groups, expected) in [
            ([0, 0, 0, 0, 0, 0, 0, 1], "::1"), ([0, 0, 0, 0, 0, 0, 0, 0], "::"),
            ([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"), ([1, 0, 0, 0, 0, 0, 0, 0], "1::"),
            ([1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"), ([1, 0, 3, 4, 5, 6, 7, 8], "1:0:3:4:5:6:7:8"),
        ] as [([UInt16], String)] {
            let bytes = groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
            var writer = JSONByteWriter(capacity: 64)
            AuditSocketAddress.inet6(address: bytes, port: 0, scope: 0).write(to: &writer)
            let text = writer.withBytes { String(decoding: $0, as: UTF8.self) }
            #expect(text == "{\"family\":\"inet6\",\"address\":\"\(expected)\",\"port\":0}")
        }
    }

    @Test func stringsOfAnyBytesBecomeValidJSON() {
        for (bytes, expected) in [
            (Array("a\"b\\c\n\u{1}".utf8), "a\\\"b\\\\c\\n\\u0001"), (Array("fü€😀".utf8), "fü€😀"),
            ([0xff, 0x41, 0xc3], "\u{fffd}A\u{fffd}"), ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"),
            ([0xc0, 0x80], "\u{fffd}\u{fffd}"),
            (
                Array((String(repeating: "x", count: 40) + "\"" + String(repeating: "y", count: 40)).utf8),
                String(repeating: "x", count: 40) + "\\\"" + String(repeating: "y", count: 40)
            ),
        ] as [([UInt8], String)] {
            var writer = JSONByteWriter(capacity: 16)
            writer.escaped(bytes)
            let text = writer.withBytes { String(decoding: $0, as: UTF8.self) }
            #expect(text == expected)
        }
    }
}
