/// A configuration on its way out: to YAML or JSON.
package indirect enum ConfigurationTree: Equatable, Sendable {
    case text(String)
    case number(UInt64)
    case bool(Bool)
    case list([ConfigurationTree])
    case mapping([Member])

    package struct Member: Equatable, Sendable {
        package var name: String
        package var value: ConfigurationTree

        package init(_ name: String, _ value: ConfigurationTree) { (self.name, self.value) = (name, value) }
    }
}

extension ConfigurationTree {
    /// One line of JSON, without its end.
    package var json: String {
        var result = ""
        writeJSON(to: &result)
        return result
    }

    private func writeJSON(to result: inout String) {
        switch self {
        case .text(let text): result += quoted(text)
        case .number(let number): result += "\(number)"
        case .bool(let value): result += "\(value)"
        case .list(let items):
            result += "["
            for (index, item) in items.enumerated() {
                if index > 0 { result += "," }
                item.writeJSON(to: &result)
            }
            result += "]"
        case .mapping(let members):
            result += "{"
            for (index, member) in members.enumerated() {
                result += (index > 0 ? "," : "") + quoted(member.name) + ":"
                member.value.writeJSON(to: &result)
            }
            result += "}"
        }
    }
}

/// Between double quotes, with the escapes that JSON and YAML share.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x22, 0x5C: result += "\\\(scalar)"
        case 0x0A: result += "\\n"
        case 0x09: result += "\\t"
        case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFE...0xFFFF:
            result += "\\u" + YAMLText.paddedHexadecimal(scalar.value)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
