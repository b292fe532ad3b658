package import EventModel

/// Names of users and groups, from the text of `/etc/passwd` and `/etc/group`.
///
/// Pure: the caller reads the files, and makes a new table when they change. Names that only a directory
/// service knows are absent. The corresponding format is `passwd(5)` and `group(5)`.
package struct NameTable: Sendable {
    private var users: [UInt32: ByteString] = [:]
    private var groups: [UInt32: ByteString] = [:]

    /// - Parameters:
    ///   - passwd: the bytes of `/etc/passwd`; lines that make no sense are passed over.
    ///   - group: the bytes of `/etc/group`.
    package init(passwd: [UInt8] = [], group: [UInt8] = []) {
        users = Self.parse(passwd)
        groups = Self.parse(group)
    }

    package func user(_ id: UInt32) -> ByteString? { users[id] }

    package func group(_ id: UInt32) -> ByteString? { groups[id] }

    /// Reads `name:password:id[:…]` lines. The first line of an id wins, as in the C library.
    private static func parse(_ text: [UInt8]) -> [UInt32: ByteString] {
        var names: [UInt32: ByteString] = [:]
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count >= 3, let first = fields[0].first, let id = decimal(fields[2]) else {
                continue
            }
            // `+` and `-` bring in the network service's entries; `#` is a comment by custom.
            if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") || first == UInt8(ascii: "#") {
                continue
            }
            if names[id] == nil { names[id] = ByteString(Array(fields[0])) }
        }
        return names
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> UInt32? {
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(UInt32(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
