internal import EventModel

extension ProcessSnapshot {
    /// Decodes the payload of a snapshot record. What could not be read is absent.
    ///
    /// - Parameter flags: those of the ring record: the reason, and whether a pidfd verified it.
    package init(decoding record: RawSpan, flags: UInt16) throws(ProcessDecodeError) {
        guard record.byteCount >= 24 else { throw .truncatedHeader }
        guard let reason = Reason(rawValue: flags & 0xff) else { throw .unknownLayout }
        self.init(
            pid: record.number(at: 0, as: Int32.self), reason: reason,
            begin: record.number(at: 8, as: UInt64.self), end: record.number(at: 16, as: UInt64.self),
            verified: flags & 0x100 != 0)
        var at = 24
        while at < record.byteCount {
            guard at + 8 <= record.byteCount else { throw .truncatedSection }
            let section = record.number(at: at, as: UInt16.self)
            let isTruncated = record.number(at: at + 2, as: UInt16.self) != 0
            let length = Int(record.number(at: at + 4, as: UInt32.self))
            guard length <= record.byteCount - at - 8 else { throw .truncatedSection }
            take(section, bytes: record.copy(at + 8..<at + 8 + length), isTruncated: isTruncated)
            at += 8 + (length + 7) & ~7
        }
    }

    private mutating func take(_ section: UInt16, bytes: [UInt8], isTruncated: Bool) {
        switch section {
        case 1: takeStatus(bytes)
        case 2: takeStat(bytes)
        case 3:
            arguments = ProcessSnapshot.split(bytes)
            argumentsTruncated = isTruncated
        case 4: if !isTruncated { executable = ProcessSnapshot.withoutDeletedMark(bytes) }
        case 5: if !isTruncated { workingDirectory = ByteString(bytes) }
        case 6:
            loginUser = ProcessSnapshot.number(bytes[...]).map {
                LoginUser(kernelValue: UInt32(truncatingIfNeeded: $0))
            }
        case 7:
            loginSession = ProcessSnapshot.number(bytes[...]).map {
                LoginSession(kernelValue: UInt32(truncatingIfNeeded: $0))
            }
        case 8: cgroup = ByteString(bytes)
        case 9: (executableDevice, executableInode) = ProcessSnapshot.pair(bytes)
        case 10: (mountNamespace, pidNamespace) = ProcessSnapshot.pair(bytes)
        default: break
        }
    }

    /// `/proc/PID/status`: lines of `Name:\tvalues`.
    private mutating func takeStatus(_ bytes: [UInt8]) {
        var user: [UInt64] = []
        var group: [UInt64] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
            switch String(decoding: line[..<colon], as: UTF8.self) {
            case "Name": name = ByteString(ProcessSnapshot.unescaped(value))
            case "State": isZombie = value.first == UInt8(ascii: "Z")
            case "Tgid": threadGroup = ProcessSnapshot.number(value).flatMap { Int32(exactly: $0) }
            case "PPid": parentPid = ProcessSnapshot.number(value).flatMap { Int32(exactly: $0) }
            case "Uid": user = ProcessSnapshot.numbers(value)
            case "Gid": group = ProcessSnapshot.numbers(value)
            case "NSpid": pidNamespaceDepth = ProcessSnapshot.numbers(value).count
            default: break
            }
        }
        guard user.count >= 2, group.count >= 2 else { return }
        credentials = Credentials(
            user: UInt32(truncatingIfNeeded: user[0]), effectiveUser: UInt32(truncatingIfNeeded: user[1]),
            group: UInt32(truncatingIfNeeded: group[0]), effectiveGroup: UInt32(truncatingIfNeeded: group[1]))
    }

    /// `/proc/PID/stat`: the name in parentheses may hold anything, so fields are counted from the last one.
    private mutating func takeStat(_ bytes: [UInt8]) {
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return }
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count >= 20 else { return }
        // Field 3 of proc(5) is the first after the name.
        terminalNumber = ProcessSnapshot.number(fields[4]).map { UInt32(truncatingIfNeeded: $0) }
        flags = ProcessSnapshot.number(fields[6]).map { UInt32(truncatingIfNeeded: $0) }
        startTicks = ProcessSnapshot.number(fields[19])
    }

    /// Arguments end in zero bytes; nothing at all for kernel threads and zombies.
    private static func split(_ bytes: [UInt8]) -> [ByteString]? {
        guard !bytes.isEmpty else { return nil }
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if bytes.last == 0 { parts.removeLast() }
        return parts.map { ByteString(Array($0)) }
    }

    /// The kernel appends ` (deleted)` when the executable has been unlinked or replaced since.
    private static func withoutDeletedMark(_ bytes: [UInt8]) -> ByteString {
        let mark = Array(" (deleted)".utf8)
        return bytes.suffix(mark.count) == mark[...]
            ? ByteString(Array(bytes.dropLast(mark.count))) : ByteString(bytes)
    }

    /// `status` writes newline and backslash in names as `\n` and `\\`.
    private static func unescaped(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var isEscaped = false
        for byte in value {
            if isEscaped {
                result.append(byte == UInt8(ascii: "n") ? UInt8(ascii: "\n") : byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func pair(_ bytes: [UInt8]) -> (UInt64?, UInt64?) {
        guard bytes.count == 16 else { return (nil, nil) }
        let span = bytes.span.bytes
        return (span.number(at: 0, as: UInt64.self), span.number(at: 8, as: UInt64.self))
    }

    private static func numbers(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
        bytes.split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }.compactMap { number($0) }
    }

    /// Leading decimal digits.
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var digits = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = scaled &+ UInt64(byte - UInt8(ascii: "0"))
            digits += 1
        }
        return digits > 0 ? value : nil
    }
}
