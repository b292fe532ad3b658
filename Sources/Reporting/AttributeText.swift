package import EventModel

extension FileAttributes {
    /// The value for people; `nil` for one that says nothing to them: a digest, a time, an inode.
    package func text(of attribute: FileAttribute) -> ByteString? {
        switch attribute {
        case .type: ByteString(type.rawValue)
        case .mode: ByteString(modeText)
        case .owner: ByteString("\(owner)")
        case .group: ByteString("\(group)")
        case .size: ByteString("\(size)")
        case .links: ByteString("\(links)")
        case .linkTarget: linkTarget
        case .immutable: ByteString(isImmutable ? "yes" : "no")
        case .appendOnly: ByteString(isAppendOnly ? "yes" : "no")
        case .inode, .modified, .acl, .capabilities, .extended, .sha256, .md5, .sha1, .sha512: nil
        }
    }

    /// `0644`
    package var modeText: String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}

/// `text` for a terminal: what would move its cursor, change its state or hide text is escaped.
package func printable(_ text: ByteString) -> String {
    var line = TerminalText(colour: false)
    line.append(untrusted: text)
    return String(decoding: line.bytes, as: UTF8.self)
}

/// `2026-11-24 14:09:36.123456789` in local time, from nanoseconds since 1970.
package func localMoment(_ nanoseconds: UInt64) -> String {
    let offset = Int64(systemUTCOffset(nanoseconds / 1_000_000_000)) &* 1_000_000_000
    let time = CivilTime(
        nanoseconds: offset < 0 ? nanoseconds &- offset.magnitude : nanoseconds &+ offset.magnitude)
    var writer = ByteWriter(capacity: 64)
    writer.append(date: time)
    writer.append(UInt8(ascii: " "))
    writer.append(clock: time)
    writer.append(UInt8(ascii: "."))
    writer.append(decimal: time.nanosecond, atLeast: 9)
    return String(decoding: writer.copy, as: UTF8.self)
}
