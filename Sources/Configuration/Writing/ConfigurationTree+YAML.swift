extension ConfigurationTree {
    /// Lines of YAML: mappings and lists of mappings in block style, other lists on one line.
    package var yaml: String {
        var result = ""
        writeBlock(to: &result, indent: "")
        return result
    }

    private func writeBlock(to result: inout String, indent: String) {
        switch self {
        case .mapping(let members):
            for member in members {
                result += indent + member.name + ":"
                member.value.writeValue(to: &result, indent: indent)
            }
        case .list(let items):
            for item in items {
                var block = ""
                item.writeBlock(to: &block, indent: indent + "  ")
                result += indent + "- " + block.dropFirst(indent.utf8.count + 2)
            }
        case .text, .number, .bool: result += indent + flow + "\n"
        }
    }

    /// After `key:`.
    private func writeValue(to result: inout String, indent: String) {
        if isBlock {
            result += "\n"
            writeBlock(to: &result, indent: indent + "  ")
        } else {
            result += " " + flow + "\n"
        }
    }

    private var isBlock: Bool {
        switch self {
        case .text, .number, .bool: false
        case .mapping(let members): !members.isEmpty
        case .list(let items): items.contains { if case .mapping = $0 { true } else { false } }
        }
    }

    private var flow: String {
        switch self {
        case .text(let text): Self.scalar(text)
        case .number(let number): "\(number)"
        case .bool(let value): "\(value)"
        case .list(let items): "[" + items.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let members):
            "{" + members.map { $0.name + ": " + $0.value.flow }.joined(separator: ", ") + "}"
        }
    }

    /// Without quotes where every reader of YAML takes it for text.
    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): true
            default: false
            }
        }
        let first = text.utf8.first ?? 0
        let beginsAsText = first == UInt8(ascii: "/") || (0x61...0x7A).contains(first)
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        if isPlain, beginsAsText, !words.contains(text) { return text }
        if isMultiple(text) { return text }
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "'") }) {
            return "'\(text)'"
        }
        return quoted(text)
    }

    /// `12h`, `100MB`
    private static func isMultiple(_ text: String) -> Bool {
        let unit = text.utf8.drop { (0x30...0x39).contains($0) }
        return unit.count < text.utf8.count
            && ["s", "m", "h", "d", "KB", "MB", "GB", "TB"].contains(String(unit))
    }
}
