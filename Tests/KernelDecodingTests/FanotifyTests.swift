import EventModel
import Foundation
import KernelDecoding
import Testing

/// What a batch decodes to: events and errors, in order.
private func decode(
    _ bytes: [UInt8], offset: Int = FanotifyDecoder.batchHeaderSize
) -> (events: [FanotifyEvent], errors: [FanotifyDecodeError]) {
    var (events, errors): ([FanotifyEvent], [FanotifyDecodeError]) = ([], [])
    var decoder = FanotifyDecoder(offset: offset)
    let span = bytes.span.bytes
    while true {
        let before = decoder.offset
        do throws(FanotifyDecodeError) {
            guard let event = try decoder.next(in: span) else { return (events, errors) }
            events.append(event)
        } catch {
            errors.append(error)
        }
        precondition(decoder.offset > before, "no progress")
    }
}

private func describe(_ name: FanotifyName?, in bytes: [UInt8]) -> String {
    guard let name else { return "-" }
    let text = ByteString(name.range, of: bytes.span.bytes).text
    return "\(name.directory.type):\(hex(name.directory.bytes))/\(text)"
}

private func describe(_ event: FanotifyEvent, in bytes: [UInt8]) -> String {
    let object = event.object.map {
        "\($0.type):\(hex($0.bytes)) inode=\($0.inode) generation=\($0.generation)"
    }
    return "mask=\(String(event.mask.rawValue, radix: 16)) pid=\(event.pid) \(event.pidState)"
        + " name=\(describe(event.name, in: bytes)) new=\(describe(event.newName, in: bytes))"
        + " object=\(object ?? "-")"
}

/// Builds one event, the way the kernel does.
private struct EventBuilder {
    var infos: [UInt8] = []
    var mask: UInt64 = 0x100
    var pid: Int32 = 7

    static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    mutating func info(_ type: UInt8, _ body: [UInt8]) {
        infos += [type, 0] + Self.little(UInt16(4 + body.count)) + body
    }

    static func handle(_ bytes: [UInt8], type: Int32 = 1, claimed: UInt32? = nil) -> [UInt8] {
        little(UInt64(0xF51D)) + little(claimed ?? UInt32(bytes.count)) + little(type) + bytes
    }

    var bytes: [UInt8] {
        Self.little(UInt32(24 + infos.count)) + [3, 0] + Self.little(UInt16(24)) + Self.little(mask)
            + Self.little(Int32(-1)) + Self.little(pid) + infos
    }
}

@Suite("fanotify decoder")
struct FanotifyTests {
    static let fixtures = Fixture.all("fanotify")

    @Test("recorded batches decode as before", arguments: fixtures)
    func goldens(fixture: Fixture) throws {
        let (events, errors) = decode(fixture.bytes)
        #expect(errors.isEmpty && !events.isEmpty)
        let text = events.map { describe($0, in: fixture.bytes) + "\n" }.joined()
        #expect(try fixture.expected(writing: text) == text)
    }

    @Test("there are fixtures")
    func hasFixtures() { #expect(!Self.fixtures.isEmpty) }

    @Test("a batch cut off anywhere gives a prefix of its events and at most one error", arguments: fixtures)
    func truncation(fixture: Fixture) {
        let whole = decode(fixture.bytes).events
        for count in 0..<fixture.bytes.count {
            let (events, errors) = decode(Array(fixture.bytes[..<count]))
            #expect(events.elementsEqual(whole.prefix(events.count)))
            #expect(errors.count <= 1)
        }
    }

    @Test("concatenated batches give the events of both", arguments: fixtures)
    func concatenation(fixture: Fixture) {
        let twice = fixture.bytes + fixture.bytes.dropFirst(FanotifyDecoder.batchHeaderSize)
        #expect(decode(twice).events.count == 2 * decode(fixture.bytes).events.count)
    }

    @Test("any byte may be wrong: no trap, and always an end", arguments: fixtures)
    func corruption(fixture: Fixture) {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var bytes = fixture.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0 ... .max)
            }
            let (events, _) = decode(bytes)
            for event in events { _ = describe(event, in: bytes) }
        }
    }

    @Test("a bad record costs its event only, and says why")
    func badRecords() {
        var good = EventBuilder()
        good.info(2, EventBuilder.handle([1, 0, 0, 0, 2, 0, 0, 0]) + Array("name\0".utf8))
        let bodies: [(UInt8, [UInt8], FanotifyDecodeError)] = [
            (1, [0, 0], .badInfoLength),
            (1, EventBuilder.handle([1, 2, 3, 4], claimed: 5), .badHandleLength),
            (1, EventBuilder.handle([1, 2, 3, 4], claimed: .max), .badHandleLength),
            (1, EventBuilder.handle([UInt8](repeating: 1, count: 129)), .badHandleLength),
            (2, EventBuilder.handle([1, 2, 3, 4]) + Array("name".utf8), .unterminatedName),
            (4, [], .badInfoLength),
            (5, [0, 0, 0, 0], .badInfoLength),
        ]
        for (type, body, error) in bodies {
            var bad = EventBuilder()
            bad.info(type, body)
            let (events, errors) = decode(good.bytes + bad.bytes + good.bytes, offset: 0)
            #expect(events.count == 2 && errors == [error])
        }
        var headless = good
        headless.infos += [1, 0]
        #expect(decode(headless.bytes + good.bytes, offset: 0).errors == [.truncatedInfo])
    }

    @Test("a bad header ends the batch")
    func badHeaders() {
        let good = EventBuilder().bytes
        var version = good
        version[4] = 2
        #expect(decode(version + good, offset: 0).errors == [.unknownVersion])
        var short = good
        short[0] = 23
        #expect(decode(short + good, offset: 0).errors == [.badEventLength])
        var header = good
        header[6] = 25
        #expect(decode(header, offset: 0).errors == [.badHeaderLength])
        #expect(decode(Array(good.dropLast()), offset: 0).errors == [.truncatedHeader])
    }

    @Test("unknown records are passed over, overflow and errors are understood")
    func otherRecords() {
        var event = EventBuilder()
        event.mask = 0x4000
        event.info(99, [1, 2, 3, 4])
        event.info(5, EventBuilder.little(Int32(5)) + EventBuilder.little(UInt32(2)))
        event.info(4, EventBuilder.little(Int32(-1)))
        let decoded = decode(event.bytes, offset: 0).events.first
        #expect(decoded?.isOverflow == true)
        #expect(decoded?.filesystemError == 5 && decoded?.filesystemErrorCount == 2)
        #expect(decoded?.pidState == .gone)
    }

    @Test("handles of every length keep their bytes and differ by each of them")
    func handleBytes() {
        for count in 0...FileHandle.maximumLength {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
            let handle = FileHandle(filesystem: 5, type: 9, bytes: bytes.span.bytes)
            #expect(handle?.bytes == bytes)
            for index in bytes.indices {
                var other = bytes
                other[index] ^= 0x80
                let changed = FileHandle(filesystem: 5, type: 9, bytes: other.span.bytes)
                #expect(changed != handle)
            }
        }
    }

    @Test(
        "inode and generation come out of the known layouts",
        arguments: [
            (1, [9, 1, 0, 0, 7, 0, 0, 0], 265, 7),
            (1, [7, 0, 0, 0, 9, 1, 0, 0, 1, 0, 0, 0], 0x1_0000_0109, 7),
            (0x81, [9, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0], 0x1_0000_0009, 7),
        ] as [(Int32, [UInt8], UInt64, UInt64)])
    func objectIDs(type: Int32, bytes: [UInt8], inode: UInt64, generation: UInt64) {
        let object = FileHandle(filesystem: 3, type: type, bytes: bytes.span.bytes)?.object
        #expect(object == FileObjectID(filesystem: 3, inode: inode, generation: generation))
    }
}
