internal import EventModel

/// How a value of one kind is written in the file, both ways.
struct Form<Value>: Sendable {
    /// The value, or `nil` when what stands there is none, which has been reported.
    let read: @Sendable (YAMLNode, Diagnostics) -> Value?
    /// `nil` to leave the key out.
    let write: @Sendable (Value) -> ConfigurationTree?
    /// The keys below it, with the path that leads there: `[].path`.
    var inner: [String] = []
}

extension Form {
    /// A scalar that `parse` makes a value of.
    ///
    /// - Parameter expectation: what the key expects, for messages: `a number from 1 to 9`.
    /// - Parameter advice: an example.
    static func scalar(
        _ expectation: String, advice: String,
        parse: @escaping @Sendable (_ text: String, _ type: YAMLType) -> Value?,
        write: @escaping @Sendable (Value) -> ConfigurationTree?
    ) -> Form {
        Form(
            read: { node, diagnostics in
                guard case .scalar(let text, let isPlain) = node.content else {
                    diagnostics.mismatch(node, expectation, advice: advice)
                    return nil
                }
                let type = YAMLType(text, isPlain: isPlain)
                if type != .null, let value = parse(text, type) { return value }
                diagnostics.mismatch(node, expectation, advice: advice)
                return nil
            }, write: write)
    }

    /// The value, or `word` for none.
    func orNone(_ word: String) -> Form<Value?> {
        Form<Value?>(
            read: { node, diagnostics in
                if case .scalar(word, _) = node.content { return .some(nil) }
                diagnostics.alternative = word
                defer { diagnostics.alternative = nil }
                return read(node, diagnostics).map { .some($0) }
            }, write: { $0.map(write) ?? .text(word) }, inner: inner)
    }

    /// The value, or no key at all.
    var orAbsent: Form<Value?> {
        Form<Value?>(
            read: { node, diagnostics in read(node, diagnostics).map { .some($0) } },
            write: { $0.flatMap(write) }, inner: inner)
    }

    /// A list.
    ///
    /// - Parameter identity: no two values may have the same; empty for a value that was reported.
    static func list<Element>(
        of form: Form<Element>, canBeEmpty: Bool = true, example: String,
        identity: (@Sendable (Element) -> String)? = nil
    ) -> Form where Value == [Element] {
        Form(
            read: { node, diagnostics in
                guard case .sequence(let items) = node.content else {
                    diagnostics.mismatch(node, "a list", advice: example)
                    return nil
                }
                if items.isEmpty, !canBeEmpty {
                    diagnostics.report(
                        node.position, "the list \(diagnostics.name) is empty", advice: "write \(example)")
                }
                return elements(items, form, identity, diagnostics)
            }, write: { .list($0.compactMap(form.write)) }, inner: form.inner.map { "[]." + $0 })
    }

    private static func elements<Element>(
        _ items: [YAMLNode], _ form: Form<Element>, _ identity: (@Sendable (Element) -> String)?,
        _ diagnostics: Diagnostics
    ) -> [Element] {
        var result: [Element] = []
        // By bytes: other spellings of an accent are other names.
        var lines: [ByteString: Int] = [:]
        let key = diagnostics.key
        for item in items {
            diagnostics.key = key
            guard let value = form.read(item, diagnostics) else { continue }
            result.append(value)
            guard let text = identity?(value), !text.isEmpty else { continue }
            let name = ByteString(text)
            if let line = lines[name] {
                diagnostics.report(
                    item.position, "\(shown(text)) is there twice, first in line \(line)",
                    advice: "make one entry of the two")
            } else {
                lines[name] = item.position.line
            }
        }
        return result
    }

    /// A mapping with keys of its own.
    static func section(_ section: Section<Value>, from start: @escaping @Sendable () -> Value) -> Form {
        Form(
            read: { node, diagnostics in
                var value = start()
                return section.read(node, into: &value, diagnostics) ? value : nil
            }, write: section.write, inner: section.paths)
    }
}

extension Diagnostics {
    /// The key, for messages.
    var name: String { key.isEmpty ? "the file" : shown(key) }

    /// Reports that `node` is not what its key expects.
    func mismatch(_ node: YAMLNode, _ expectation: String, advice: String) {
        let words = "write \(advice)" + (alternative.map { ", or \($0)" } ?? "")
        switch node.content {
        case .refused: break
        case .scalar(let text, let isPlain):
            if YAMLType(text, isPlain: isPlain) == .null {
                report(node.position, "\(name) has no value", advice: "remove it, or \(words)")
            } else {
                let found = text.isEmpty ? "empty text" : (isPlain ? "" : "the text ") + shown(text)
                report(node.position, "\(name) expects \(expectation), not \(found)", advice: words)
            }
        case .sequence: report(node.position, "\(name) expects \(expectation), not a list", advice: words)
        case .mapping: report(node.position, "\(name) expects \(expectation), not a mapping", advice: words)
        }
    }
}
