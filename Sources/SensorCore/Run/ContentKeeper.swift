internal import Baseline
internal import EventModel
internal import FileReading
internal import TextDiff

/// Keeps the text of small files whose watch asks for it, and tells how it changed. One thread owns it.
///
/// Nothing is kept of what may hold secrets, by its name or its content.
final class ContentKeeper {
    private let reader: PathReader
    private let limits = DiffLimits()
    /// By the path of the rule.
    private var secrets: [ByteString: SecretPatterns] = [:]

    init(reader: PathReader) { self.reader = reader }

    /// The rules have changed.
    func forgetRules() { secrets = [:] }

    /// How the text at `path` differs from what is kept of it; `nil` when nothing is, or may be shown.
    func difference(
        at path: ByteString, _ attributes: FileAttributes?, _ rule: WatchRule?, _ baseline: Baseline
    ) throws(DatabaseError) -> UnifiedDiff? {
        guard let rule, let now = text(at: path, attributes, rule),
            let stored = try baseline.content(of: path),
            // What cannot be read any more is not shown; the next content takes its place.
            let before = try? StoredText.expand(stored, limit: limits.inputBytes),
            patterns(of: rule).mayKeep(before)
        else { return nil }
        let difference = UnifiedDiff.make(before: before, after: now, limits: limits)
        return difference?.isEmpty ?? true ? nil : difference
    }

    /// Keeps the text at `path` as it is now, or nothing where it may not be kept.
    func keep(
        _ path: ByteString, _ attributes: FileAttributes?, _ rule: WatchRule?, _ baseline: Baseline
    ) throws(DatabaseError) {
        guard let rule, rule.showsDiff else { return }
        if let now = text(at: path, attributes, rule), let packed = StoredText.compress(now) {
            _ = try baseline.putContent(packed, at: path)
        } else {
            try baseline.removeContent(of: path)
        }
    }

    /// Whether the rule, or `nil` for none, lets the content of a file with this path be kept.
    func mayKeep(_ path: ByteString, _ rule: WatchRule?) -> Bool {
        guard let rule, rule.showsDiff else { return false }
        return !patterns(of: rule).matches(path)
    }

    private func text(at path: ByteString, _ attributes: FileAttributes?, _ rule: WatchRule) -> [UInt8]? {
        guard rule.showsDiff, let attributes, attributes.type == .file,
            attributes.size <= UInt64(limits.inputBytes)
        else { return nil }
        let patterns = patterns(of: rule)
        guard !patterns.matches(path), let content = reader.content(of: path, limit: limits.inputBytes + 1),
            content.count <= limits.inputBytes, TextFile.isText(content), patterns.mayKeep(content)
        else { return nil }
        return content
    }

    private func patterns(of rule: WatchRule) -> SecretPatterns {
        if let known = secrets[rule.path] { return known }
        let made = SecretPatterns(further: rule.secrets)
        secrets[rule.path] = made
        return made
    }
}
