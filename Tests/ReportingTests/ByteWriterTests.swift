import EventModel
import Foundation
import Testing

@testable import Reporting

@Suite struct ByteWriterTests {
    @Test func escapesEveryByteSoThatAnotherParserReadsTheSameText() throws {
        for first in UInt8.min...UInt8.max {
            for second: UInt8 in [0x00, 0x22, 0x41, 0x5c, 0x80, 0xa0, 0xbf, 0xc2, 0xff] {
                let bytes = ByteString([0x61, first, second, 0x62])
                var writer = ByteWriter()
                writer.root { $0.field("k", bytes) }
                let object = try JSONSerialization.jsonObject(with: Data(writer.copy)) as? [String: String]
                #expect(object?["k"] == bytes.text, "\(first) \(second)")
            }
        }
    }

    @Test func knowsUTF8AsTheStandardLibraryDoes() {
        var generator = SystemRandomNumberGenerator()
        let interesting: [UInt8] = [
            0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<6).map { _ in
                interesting[Int.random(in: 0..<interesting.count, using: &generator)]
            }
            #expect(isUTF8(bytes.span) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
            var writer = ByteWriter()
            writer.quote(bytes.span)
            #expect(
                String(decoding: writer.copy, as: UTF8.self) == "\"" + String(decoding: bytes, as: UTF8.self)
                    + "\"")
        }
    }

    @Test func leavesOutObjectsThatStayEmpty() {
        var writer = ByteWriter()
        writer.root { writer in
            writer.object("a") { $0.object("b") { _ in } }
            writer.field("c", UInt64.max)
            writer.array("d") { _ in }
            writer.field("e", true)
            writer.object("f") { $0.field("g", keyword: 0) }
        }
        #expect(
            String(decoding: writer.copy, as: UTF8.self)
                == #"{"c":18446744073709551615,"e":true,"f":{"g":"0"}}"#)
    }

    @Test func growsBeyondItsFirstCapacity() {
        var writer = ByteWriter(capacity: 64)
        for _ in 0..<3 {
            writer.reset()
            writer.quote([UInt8](repeating: 1, count: 10_000).span)
            #expect(writer.count == 60_002)
        }
    }

    @Test func tellsTheDateAsFoundationDoes() {
        let formatter = ISO8601DateFormatter()
        var generator = SystemRandomNumberGenerator()
        let edges: [UInt64] = [
            0, 951_782_400, 951_868_799, 4_107_542_400, 1_709_164_800, 1_798_761_599, 4_102_444_799,
        ]
        for seconds in edges
            + (0..<2000).map({ _ in UInt64.random(in: 0..<18_000_000_000, using: &generator) })
        {
            var writer = ByteWriter()
            writer.append(timestamp: seconds * 1_000_000_000 + 42)
            let wanted =
                formatter.string(from: Date(timeIntervalSince1970: Double(seconds))).dropLast()
                + ".000000042Z"
            #expect(String(decoding: writer.copy, as: UTF8.self) == wanted)
        }
    }
}

@Suite struct NameTableTests {
    @Test func takesTheFirstLineOfAnIdAndPassesOverTheRest() {
        let passwd = """
            root:x:0:0::/root:/bin/sh
            toor:x:0:0::/root:/bin/sh
            # comment:x:5:
            +nis:x:6:
            short:x
            empty:x::
            big:x:4294967296:
            max:x:4294967295:
            :x:9:
            last:x:7
            """
        let table = NameTable(passwd: Array(passwd.utf8), group: Array("adm:x:4:root\n".utf8))
        #expect(table.user(0) == "root")
        #expect(table.user(.max) == "max")
        #expect(table.user(7) == "last")
        for absent: UInt32 in [5, 6, 9, 1] { #expect(table.user(absent) == nil) }
        #expect(table.group(4) == "adm")
        #expect(table.group(0) == nil)
    }
}
