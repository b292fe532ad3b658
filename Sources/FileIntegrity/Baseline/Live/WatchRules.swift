package import EventModel

/// What the configuration says of one watched path and what is below it.
package struct WatchRule: Sendable {
    /// Absolute, without symbolic links.
    package var path: ByteString
    package var severity = Severity.medium
    package var tags: [String] = []
    package var excludes: [PathPattern] = []
    /// What is meant although one of `excludes` means it too.
    package var includes: [PathPattern] = []
    /// Only files that one of these means are told of; all when empty.
    package var restricts: [PathPattern] = []
    /// Levels of directories below `path`: 0 for what stands in it only.
    package var maximumDepth = Int.max
    /// The content of larger files is not read. Bytes.
    package var digestLimit: UInt64 = 1 << 30
    package var showsDiff = false
    /// Whether the baseline has the files. Those that the sensor itself writes all the time it has not.
    package var isKept = true
    /// Files of which no content is kept or shown, beside those that are known to hold secrets.
    package var secrets: [PathPattern] = []

    package init(path: ByteString) { self.path = path }

    /// Whether what stands at `path`, which is within `self.path`, is meant.
    package func includes(_ path: ByteString) -> Bool {
        isInReach(path) && !excludes(path)
            && (restricts.isEmpty || restricts.contains { $0.matches(path) })
    }

    /// Whether what is in the directory at `path`, which is within `self.path`, may be meant.
    package func enters(_ path: ByteString) -> Bool {
        (maximumDepth == .max || path == self.path || depth(of: path) < maximumDepth) && !excludes(path)
    }

    private func isInReach(_ path: ByteString) -> Bool {
        maximumDepth == .max || depth(of: path) <= maximumDepth
    }

    private func isIncluded(_ path: ByteString) -> Bool { includes.contains { $0.matches(path) } }

    /// How many directories below `self.path` the directory of `path` is.
    private func depth(of path: ByteString) -> Int {
        path.bytes[min(self.path.count + 1, path.count)...].count { $0 == UInt8(ascii: "/") }
    }

    /// Whether `path`, which is within `self.path`, is left out. A pattern for paths leaves out what is below them too.
    package func excludes(_ path: ByteString) -> Bool {
        guard !excludes.isEmpty else { return false }
        var place = path
        while place.count > self.path.count {
            if excludes.contains(where: { $0.matches(place) }), !isIncluded(place) { return true }
            place = place.parent
        }
        return false
    }
}

/// All of them.
package struct WatchRules: Sendable {
    /// The longest path first.
    package let rules: [WatchRule]

    package init(_ rules: [WatchRule]) {
        self.rules = rules.sorted { $0.path.count > $1.path.count }
    }

    /// The rule of the innermost watch that holds `path`; `nil` for none.
    package func rule(for path: ByteString) -> WatchRule? {
        rules.first { path.isWithin($0.path) }
    }

    /// Whether some rule means only files of some names.
    var keepsOnlySome: Bool { rules.contains { !$0.restricts.isEmpty } }

    /// Whether a change at `path` is told of.
    package func includes(_ path: ByteString) -> Bool { rule(for: path)?.includes(path) ?? false }

    /// Whether the baseline has what stands at `path`.
    package func keeps(_ path: ByteString) -> Bool {
        rule(for: path).map { $0.isKept && $0.includes(path) } ?? false
    }

    /// Whether the baseline may have something in the directory at `path`.
    package func enters(_ path: ByteString) -> Bool {
        rule(for: path).map { $0.isKept && $0.enters(path) } ?? false
    }

    /// The paths of all of them, sorted: what is listened for.
    package var places: [ByteString] { rules.map(\.path).sorted() }

    /// Trees that are not part of another: what is scanned.
    package var roots: [ByteString] {
        let kept = rules.filter(\.isKept).map(\.path)
        return kept.filter { path in !kept.contains { $0 != path && path.isWithin($0) } }.sorted()
    }
}
