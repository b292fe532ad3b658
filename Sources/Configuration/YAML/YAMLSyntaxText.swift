extension YAMLSyntaxError {
    var text: String {
        guard !context.isEmpty else { return problem }
        let isElsewhere = contextPosition.line != position.line && contextPosition.line > 1
        return "\(problem) \(context)" + (isElsewhere ? " that begins in line \(contextPosition.line)" : "")
    }

    var advice: String {
        Self.adviceTable.first { contains($0.words) }?.advice
            ?? "check indentation, quotes and brackets here and in the line before"
    }

    /// Ordered: the first whose words occur counts.
    private static let adviceTable: [(words: String, advice: String)] = [
        ("scanning an alias", "quote a pattern that begins with *: '*.swp'"),
        ("scanning an anchor", "quote text that begins with &"),
        ("cannot start any token", "indent with spaces, not tabs; quote text that begins with @, % or `"),
        (
            "mapping values are not allowed",
            "check the indentation; quote text with a colon and a space in it"
        ),
        ("escape", "write \\\\ for a backslash, or use single quotes"),
        ("quoted scalar", "close the quotes"),
        ("flow sequence", "close the [ with ], and put commas between the values"),
        ("flow mapping", "close the { with }, and put commas between the entries"),
        ("expected ':'", "write `key: value`, with a space after the colon"),
        ("block mapping", "give all keys of one mapping the same indentation"),
        ("block collection", "give all `-` of one list the same indentation"),
    ]

    private func contains(_ words: String) -> Bool {
        let (text, words) = (Array(text.utf8), Array(words.utf8))
        guard text.count >= words.count else { return false }
        return (0...(text.count - words.count)).contains { text[$0...].starts(with: words) }
    }
}
