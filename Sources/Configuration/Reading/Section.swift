/// The keys of one mapping of the file. Reading, writing and the reference all go by this table.
struct Section<Owner>: Sendable {
    let keys: [Key<Owner>]

    init(_ keys: Key<Owner>...) { self.keys = keys }

    /// All keys here and below: `scan`, `scan.interval`.
    var paths: [String] {
        keys.flatMap { key in
            [key.name] + key.inner.map { key.name + ($0.utf8.first == UInt8(ascii: "[") ? "" : ".") + $0 }
        }
    }

    /// Puts what `node` has into `owner`. Returns `false` when it is no mapping.
    func read(_ node: YAMLNode, into owner: inout Owner, _ diagnostics: Diagnostics) -> Bool {
        guard case .mapping(let entries) = node.content else {
            diagnostics.mismatch(node, "a mapping", advice: example)
            return false
        }
        for entry in entries {
            guard let key = keys.first(where: { $0.name == entry.key }) else {
                reportUnknown(entry, diagnostics)
                continue
            }
            diagnostics.key = key.name
            key.read(entry.value, &owner, diagnostics)
        }
        for key in keys where key.isRequired && !entries.contains(where: { $0.key == key.name }) {
            diagnostics.report(
                node.position, "the key `\(key.name)` is missing", advice: "write \(key.name): \(key.example)"
            )
        }
        return true
    }

    func write(_ owner: Owner) -> ConfigurationTree {
        .mapping(keys.compactMap { key in key.write(owner).map { ConfigurationTree.Member(key.name, $0) } })
    }

    private var example: String {
        if let key = keys.first(where: \.isRequired) { return "`\(key.name): \(key.example)`" }
        return "`\(keys.first?.name ?? ""): …` below it"
    }

    private func reportUnknown(_ entry: YAMLEntry, _ diagnostics: Diagnostics) {
        guard !diagnostics.isFull else { return diagnostics.report(entry.position, "", advice: "") }
        diagnostics.report(
            entry.position, "the key \(shown(entry.key)) is not known here", advice: advice(for: entry.key))
    }

    private func advice(for name: String) -> String {
        let names = keys.map(\.name)
        if let home = paths.first(where: { $0.hasSuffix("." + name) }) {
            return "it belongs below `\(home.dropLast(name.utf8.count + 1))`"
        }
        if let near = Suggestion.nearest(to: name, among: names) { return "did you mean `\(near)`?" }
        return "known are \(names.joined(separator: ", "))"
    }
}

/// One key of a section.
struct Key<Owner>: Sendable {
    let name: String
    /// What a required key may say; `nil` for one that may be left out.
    let required: String?
    let inner: [String]
    let read: @Sendable (YAMLNode, inout Owner, Diagnostics) -> Void
    let write: @Sendable (Owner) -> ConfigurationTree?

    var isRequired: Bool { required != nil }
    var example: String { required ?? "" }

    /// - Parameter required: an example of what it may say, when it must not be left out.
    init<Value>(
        _ name: String, _ property: any WritableKeyPath<Owner, Value> & Sendable, _ form: Form<Value>,
        required: String? = nil
    ) {
        self.name = name
        self.required = required
        inner = form.inner
        read = { node, owner, diagnostics in
            if let value = form.read(node, diagnostics) { owner[keyPath: property] = value }
        }
        write = { form.write($0[keyPath: property]) }
    }
    /// A key whose value may be none.
    ///
    /// - Parameter none: the word for that; `nil` when it is said by leaving the key out.
    init<Value>(
        _ name: String, _ property: any WritableKeyPath<Owner, Value?> & Sendable, _ form: Form<Value>,
        none: String?
    ) {
        self.init(name, property, none.map { form.orNone($0) } ?? form.orAbsent)
    }
}
