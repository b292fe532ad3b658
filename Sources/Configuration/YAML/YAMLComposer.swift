/// Builds the tree of a file, within bounds: 1 MB, 32 levels, 100,000 values, one document.
///
/// Aliases are refused, so the tree is no larger than the file. Keys are unique and are text.
struct YAMLComposer: ~Copyable {
    static let mostLevels = 32
    static let mostNodes = 100_000

    private var events: YAMLEventReader
    private let diagnostics: Diagnostics
    private var nodes = 0

    /// The rest of the file makes no sense; why has been reported.
    private struct Stop: Error {}

    private init(_ events: consuming YAMLEventReader, _ diagnostics: Diagnostics) {
        self.events = events
        self.diagnostics = diagnostics
    }

    /// The tree of `bytes`; a mapping without entries when they hold no document. `nil` when nothing can be said of
    /// it but what was reported.
    static func compose(_ bytes: [UInt8], _ diagnostics: Diagnostics) -> YAMLNode? {
        guard YAMLText.isAcceptable(bytes, diagnostics) else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let events = YAMLEventReader(buffer) else {
                diagnostics.report(nil, "out of memory", advice: "try again")
                return nil
            }
            var composer = YAMLComposer(events, diagnostics)
            do throws(Stop) { return try composer.document() } catch { return nil }
        }
    }

    private mutating func document() throws(Stop) -> YAMLNode {
        var event = try next()
        while event.kind == .streamStart { event = try next() }
        guard event.kind == .documentStart else {
            return YAMLNode(position: FilePosition(line: 1, column: 1), content: .mapping([]))
        }
        let root = try node(next(), level: 1)
        event = try next()
        while event.kind == .documentEnd { event = try next() }
        if event.kind == .documentStart {
            diagnostics.report(
                event.position, "a second document begins", advice: "remove the `---`, or all from here on")
        }
        return root
    }

    private mutating func next() throws(Stop) -> YAMLEvent {
        do throws(YAMLSyntaxError) { return try events.next() } catch {
            diagnostics.report(error.position, "this is not YAML: " + error.text, advice: error.advice)
            throw Stop()
        }
    }

    private mutating func node(_ event: YAMLEvent, level: Int) throws(Stop) -> YAMLNode {
        try count(event, level)
        refuseProperties(of: event)
        return try YAMLNode(position: event.position, content: content(event, level))
    }

    private mutating func content(_ event: YAMLEvent, _ level: Int) throws(Stop) -> YAMLNode.Content {
        switch event.kind {
        case .scalar(let text, let isPlain):
            return check(text, event) ? .scalar(text, isPlain: isPlain) : .refused
        case .alias(let name):
            diagnostics.report(
                event.position, "the alias `*\(shown(name).dropFirst()) is not supported",
                advice: "write the value out; quote a pattern that begins with *")
            return .refused
        case .sequenceStart: return try .sequence(sequence(level))
        case .mappingStart: return try .mapping(mapping(level))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            return .refused
        }
    }

    private mutating func sequence(_ level: Int) throws(Stop) -> [YAMLNode] {
        var result: [YAMLNode] = []
        while true {
            let event = try next()
            if event.kind == .sequenceEnd || event.kind == .streamEnd { return result }
            try result.append(node(event, level: level + 1))
        }
    }

    private mutating func mapping(_ level: Int) throws(Stop) -> [YAMLEntry] {
        var result: [YAMLEntry] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if event.kind == .mappingEnd || event.kind == .streamEnd { return result }
            let key = try node(event, level: level + 1)
            let value = try node(next(), level: level + 1)
            guard let name = text(ofKey: key) else { continue }
            if let line = lines[name] {
                diagnostics.report(
                    key.position, "the key \(shown(name)) is there twice, first in line \(line)",
                    advice: "remove one of the two")
                continue
            }
            lines[name] = key.position.line
            result.append(YAMLEntry(key: name, position: key.position, value: value))
        }
    }

    private func text(ofKey key: YAMLNode) -> String? {
        switch key.content {
        case .scalar(let text, _): return text
        case .refused: return nil
        case .sequence, .mapping:
            diagnostics.report(
                key.position, "a key must be text", advice: "quote it if it begins with [ or {")
            return nil
        }
    }

    private mutating func count(_ event: YAMLEvent, _ level: Int) throws(Stop) {
        nodes += 1
        if nodes > Self.mostNodes {
            diagnostics.report(
                event.position, "the file has more than \(Self.mostNodes) values", advice: "shorten the lists"
            )
            throw Stop()
        }
        if level > Self.mostLevels {
            diagnostics.report(
                event.position, "more than \(Self.mostLevels) levels are nested",
                advice: "remove brackets: no key needs so many")
            throw Stop()
        }
    }

    private func refuseProperties(of event: YAMLEvent) {
        if event.hasAnchor {
            diagnostics.report(
                event.position, "anchors (`&name`) are not supported",
                advice: "remove it; quote text that begins with &")
        }
        if event.hasTag {
            diagnostics.report(
                event.position, "types (`!name`) are not supported",
                advice: "remove it; quote text that begins with !")
        }
    }

    /// Text goes to C calls.
    private func check(_ text: String, _ event: YAMLEvent) -> Bool {
        guard text.utf8.contains(0) else { return true }
        diagnostics.report(event.position, "the text has a NUL character in it", advice: "remove the `\\0`")
        return false
    }
}
