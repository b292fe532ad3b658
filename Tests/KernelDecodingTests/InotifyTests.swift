import EventModel
import Foundation
import KernelDecoding
import Testing

private func decode(_ bytes: [UInt8]) -> (events: [InotifyEvent], errors: [InotifyDecodeError]) {
    var (events, errors): ([InotifyEvent], [InotifyDecodeError]) = ([], [])
    var decoder = InotifyDecoder()
    let span = bytes.span.bytes
    while true {
        let before = decoder.offset
        do throws(InotifyDecodeError) {
            guard let event = try decoder.next(in: span) else { return (events, errors) }
            events.append(event)
        } catch {
            errors.append(error)
        }
        precondition(decoder.offset > before, "no progress")
    }
}

private func describe(_ event: InotifyEvent, in bytes: [UInt8]) -> String {
    let name = ByteString(event.name, of: bytes.span.bytes).text
    let mask = String(event.mask.rawValue, radix: 16)
    return "watch=\(event.watch) mask=\(mask) cookie=\(event.cookie) name=\(name)"
}

@Suite("inotify decoder")
struct InotifyTests {
    static let fixtures = Fixture.all("inotify")

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
        #expect(decode(fixture.bytes + fixture.bytes).events.count == 2 * whole.count)
    }

    @Test("a name without its zero costs its event only; a name beyond the end ends the batch")
    func badNames() {
        let header: [UInt8] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        let good = header + [4, 0, 0, 0] + Array("abc\0".utf8)
        let unterminated = header + [4, 0, 0, 0] + Array("abcd".utf8)
        let tooLong = header + [255, 255, 255, 255] + Array("abc\0".utf8)
        #expect(decode(unterminated + good).events.count == 1)
        #expect(decode(unterminated + good).errors == [.unterminatedName])
        #expect(decode(good + tooLong + good).errors == [.badNameLength])
        #expect(decode(good + tooLong + good).events.count == 1)
    }
}
