internal import CYAML

/// What the parser meets next.
struct YAMLEvent {
    enum Kind: Equatable {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    let kind: Kind
    let position: FilePosition
    /// `&name` stands before it.
    let hasAnchor: Bool
    /// `!type` stands before it.
    let hasTag: Bool
}

/// Why bytes are not YAML.
struct YAMLSyntaxError: Error {
    let position: FilePosition
    /// In libyaml's words: `did not find expected key`.
    let problem: String
    /// In libyaml's words, may be empty: `while parsing a block mapping`.
    let context: String
    /// What it stands in begins here.
    let contextPosition: FilePosition
}

/// The events of YAML text, one after the other. The only user of libyaml.
///
/// The corresponding functions are `yaml_parser_parse` and its like in `yaml.h`.
struct YAMLEventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// - Parameter bytes: valid UTF-8; must stay where they are as long as this lives.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        self.parser = parser
        // Else it would believe a byte order mark that says UTF-16.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(event)
    }

    private var failure: YAMLSyntaxError {
        let error = parser.pointee
        let text = error.problem.map { String(cString: $0) } ?? "out of memory"
        return YAMLSyntaxError(
            position: FilePosition(error.problem_mark), problem: text,
            context: error.context.map { String(cString: $0) } ?? "",
            contextPosition: FilePosition(error.context_mark))
    }
}

extension YAMLEvent {
    fileprivate init(_ event: yaml_event_t) {
        position = FilePosition(event.start_mark)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            kind = .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            (hasAnchor, hasTag) = (scalar.anchor != nil, scalar.tag != nil)
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            (hasAnchor, hasTag) = (
                event.data.sequence_start.anchor != nil, event.data.sequence_start.tag != nil
            )
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            (hasAnchor, hasTag) = (
                event.data.mapping_start.anchor != nil, event.data.mapping_start.tag != nil
            )
        default:
            kind = Self.marker(event)
            (hasAnchor, hasTag) = (false, false)
        }
    }

    private static func marker(_ event: yaml_event_t) -> Kind {
        switch event.type {
        case YAML_ALIAS_EVENT: .alias(event.data.alias.anchor.map { String(cString: $0) } ?? "")
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_END_EVENT: .mappingEnd
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        // After the end the parser gives events of no type.
        default: .streamEnd
        }
    }
}

extension FilePosition {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}
