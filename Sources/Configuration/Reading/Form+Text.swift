private let slash = UInt8(ascii: "/")

extension Form where Value == String {
    /// An absolute path; more slashes than are needed are taken away.
    static let path = text(
        "an absolute path", advice: "a path from / on, without . and .. in it",
        parse: { text in
            guard text.utf8.first == slash, text.utf8.count < 4_096 else { return nil }
            // By bytes, as the kernel does: to Swift a slash and an accent are one character, which is no slash.
            let parts = text.utf8.split(separator: slash).map { String(Substring($0)) }
            guard !parts.contains("."), !parts.contains("..") else { return nil }
            return "/" + parts.joined(separator: "/")
        })

    /// A shell pattern for names (`*.swp`), or for whole paths and what is below them (`/home/*/.cache`).
    static let pattern = text(
        "a shell pattern",
        advice: "'*.swp' for names, or a path from / on without a slash at its end",
        parse: { text in
            guard !text.isEmpty, text.utf8.count < 4_096 else { return nil }
            guard text.utf8.contains(slash) else { return text }
            return text.utf8.first == slash && text.utf8.last != slash ? text : nil
        })

    /// A word for people and for queries.
    static let tag = text(
        "a tag of 1 to 64 characters", advice: "a word, such as binaries",
        parse: { text in
            let isPlain = text.unicodeScalars.allSatisfy {
                $0.value > 0x20 && !(0x7F...0x9F).contains($0.value)
            }
            return isPlain && (1...64).contains(text.unicodeScalars.count) ? text : nil
        })

    private static func text(
        _ expectation: String, advice: String, parse: @escaping @Sendable (String) -> String?
    ) -> Form {
        let form = Form.scalar(
            expectation, advice: advice, parse: { text, _ in parse(text) }, write: { .text($0) })
        return Form(
            read: { node, diagnostics in
                guard case .scalar(let text, let isPlain) = node.content else {
                    return form.read(node, diagnostics)
                }
                let type = YAMLType(text, isPlain: isPlain)
                guard type != .text, type != .null else { return form.read(node, diagnostics) }
                diagnostics.mismatch(
                    node, type == .number ? "text and no number" : "text", advice: "quotes around it")
                return nil
            }, write: form.write)
    }
}

extension Form where Value == [String] {
    static let patterns = list(of: .pattern, example: "a list: ['*.swp', /etc/mtab]")
    static let tags = list(of: .tag, example: "a list: [binaries]")
}

extension Form where Value == Bool {
    static let bool = scalar(
        "a truth value", advice: "true or false",
        parse: { _, type in
            if case .bool(let value) = type { value } else { nil }
        }, write: { .bool($0) })
}

extension Form where Value: RawRepresentable<String> & CaseIterable & Sendable {
    /// One of a few words.
    static var choice: Form {
        let words = Value.allCases.map(\.rawValue)
        return scalar(
            words.count == 1 ? "its only word" : "one of its words", advice: alternatives(words),
            parse: { text, type in type == .text ? Value(rawValue: text) : nil },
            write: { .text($0.rawValue) })
    }
}

/// `low, medium or high`
private func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.joined() }
    return words.dropLast().joined(separator: ", ") + " or " + last
}
