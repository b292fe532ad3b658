internal import EventModel

/// Whose content stands at a path that a package had moved away (`dpkg-divert(1)`).
struct Diversions {
    /// The path under which the owner lists the content.
    struct Source: Equatable {
        var path: ByteString
        /// The package that diverted it, which is the only one whose content is at the original path, and the only
        /// one whose content is not at the other. Empty for a diversion of the host's own.
        var diverter: ByteString
        var isMovedAway: Bool
    }

    private let file: ByteString
    private let reader: LineReader
    private var stamp: FileStamp?
    private var sources: [ByteString: Source] = [:]
    private static let largestFile = 4 << 20
    private static let maximum = 4_096

    init(directory: ByteString, reader: LineReader) {
        file = directory.appending("diversions")
        self.reader = reader
    }

    /// `nil` for a path that has nothing to do with a diversion.
    mutating func source(of path: ByteString) -> Source? {
        let now = FileStamp(path: file)
        if now != stamp { load() }
        stamp = now
        return sources[path]
    }

    /// Three lines each: the path, where the others' content went, and who diverted it; `:` for the host's own.
    private mutating func load() {
        var (triple, read): ([ByteString], [ByteString: Source]) = ([], [:])
        reader.read(file, limit: Self.largestFile) { block in
            block.forEachLine { line in
                triple.append(ByteString(Array(line)))
                guard triple.count == 3 else { return true }
                let diverter = triple[2] == ":" ? ByteString() : triple[2]
                read[triple[0]] = Source(path: triple[0], diverter: diverter, isMovedAway: false)
                read[triple[1]] = Source(path: triple[0], diverter: diverter, isMovedAway: true)
                triple.removeAll(keepingCapacity: true)
                return read.count < Self.maximum
            }
        }
        sources = read
    }
}

extension Diversions.Source {
    /// Whether it is the content of `package` (its name without architecture) that stands there.
    func isContent(of package: ByteString) -> Bool { isMovedAway != (package == diverter) }
}
