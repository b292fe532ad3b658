package import EventModel

extension MountEntry {
    /// Decodes one line of `/proc/PID/mountinfo`, without its newline.
    package init(line: Span<UInt8>) throws(MountDecodeError) {
        var cursor = 0
        let id = try MountEntry.number(in: line, &cursor)
        let parent = try MountEntry.number(in: line, &cursor)
        let device = try MountEntry.field(in: line, &cursor)
        guard let colon = device.firstIndex(of: UInt8(ascii: ":")),
            let major = MountEntry.decimal(device[..<colon]),
            let minor = MountEntry.decimal(device[(colon + 1)...])
        else { throw .badNumber }
        let root = try MountEntry.field(in: line, &cursor)
        let mountPoint = try MountEntry.field(in: line, &cursor)
        let options = try MountEntry.field(in: line, &cursor)
        // Zero or more optional fields (shared:1, master:2), then a lone hyphen.
        while true {
            guard let optional = try? MountEntry.field(in: line, &cursor) else { throw .missingSeparator }
            if optional == [UInt8(ascii: "-")] { break }
        }
        let type = try MountEntry.field(in: line, &cursor)
        let source = try MountEntry.field(in: line, &cursor)
        let superOptions = (try? MountEntry.field(in: line, &cursor)) ?? []
        self.init(
            id: Int32(truncatingIfNeeded: id), parent: Int32(truncatingIfNeeded: parent), major: major,
            minor: minor, root: MountEntry.unescaped(root), mountPoint: MountEntry.unescaped(mountPoint),
            options: ByteString(options), type: MountEntry.unescaped(type),
            source: MountEntry.unescaped(source), superOptions: ByteString(superOptions))
    }

    /// The bytes up to the next space; the cursor moves behind it. An empty source is an empty field.
    private static func field(
        in line: Span<UInt8>, _ cursor: inout Int
    ) throws(MountDecodeError) -> [UInt8] {
        guard cursor < line.count else { throw .missingField }
        var field: [UInt8] = []
        while cursor < line.count {
            let byte = line[cursor]
            cursor += 1
            if byte == UInt8(ascii: " ") { break }
            field.append(byte)
        }
        return field
    }

    private static func number(
        in line: Span<UInt8>, _ cursor: inout Int
    ) throws(MountDecodeError) -> UInt32 {
        guard let number = decimal(try field(in: line, &cursor)[...]) else { throw .badNumber }
        return number
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> UInt32? {
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt32(digit - UInt8(ascii: "0")))
            guard !tooBig, !overflow else { return nil }
            value = sum
        }
        return value
    }

    /// Replaces `\040` and its like by the bytes that they stand for.
    package static func unescaped(_ text: [UInt8]) -> ByteString {
        guard text.contains(UInt8(ascii: "\\")) else { return ByteString(text) }
        var plain: [UInt8] = []
        plain.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "\\"), let byte = octal(text, at: index + 1) {
                plain.append(byte)
                index += 4
            } else {
                plain.append(text[index])
                index += 1
            }
        }
        return ByteString(plain)
    }

    private static func octal(_ text: [UInt8], at start: Int) -> UInt8? {
        guard start + 3 <= text.count else { return nil }
        var value: UInt32 = 0
        for digit in text[start..<(start + 3)] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            value = value * 8 + UInt32(digit - UInt8(ascii: "0"))
        }
        return UInt8(exactly: value)
    }
}

/// The mounts of one mount namespace, in the order in which the kernel lists them.
package struct MountTable: Sendable {
    package var entries: [MountEntry]
    /// Lines that were no mounts, by reason.
    package private(set) var errors: [MountDecodeError: Int] = [:]

    package init(entries: [MountEntry] = []) { self.entries = entries }

    /// Decodes the text of `/proc/PID/mountinfo`. Never fails: bad lines are counted and passed over.
    package init(mountinfo text: Span<UInt8>) {
        entries = []
        var start = 0
        for index in 0...text.count where index == text.count || text[index] == UInt8(ascii: "\n") {
            if index > start {
                do throws(MountDecodeError) {
                    entries.append(try MountEntry(line: text.extracting(start..<index)))
                } catch {
                    errors[error, default: 0] += 1
                }
            }
            start = index + 1
        }
    }

    /// The mounts that a path can reach: those that no other mount covers.
    package var visible: [MountEntry] {
        var covered = Set<Int32>()
        var children: [Int32: [MountEntry]] = [:]
        for entry in entries where entry.id != entry.parent {
            children[entry.parent, default: []].append(entry)
        }
        for entry in entries {
            // A mount on the very root of another hides all of it.
            if (children[entry.id] ?? []).contains(where: { $0.mountPoint == entry.mountPoint }) {
                covered.insert(entry.id)
            }
        }
        return entries.filter { entry in
            if covered.contains(entry.id) { return false }
            let siblings = children[entry.parent] ?? []
            // So does a later mount on a directory above its mount point, in the same parent.
            guard let position = siblings.firstIndex(of: entry) else { return true }
            return !siblings[(position + 1)...].contains {
                $0.mountPoint != entry.mountPoint && entry.mountPoint.isWithin($0.mountPoint)
            }
        }
    }

    /// The mount that `path` (absolute, no symbolic links) is on.
    package func mount(of path: ByteString) -> MountEntry? {
        var best: MountEntry?
        for entry in visible where path.isWithin(entry.mountPoint) {
            // The later of two mounts at one place is on top.
            if entry.mountPoint.count >= best?.mountPoint.count ?? 0 { best = entry }
        }
        return best
    }
}
