package import EventModel

extension Baseline {
    /// One stored content is at most this long: a text of 1 MB that cannot be compressed. Bytes.
    package static let mostBytesOfContent = 1_050_000
    /// All stored contents together, with their names and 16 bytes each. The table takes somewhat more.
    package static let mostBytesOfContents = 64 << 20

    /// What was stored as the content of the file at `path`; `nil` for nothing.
    package func content(of path: ByteString) throws(DatabaseError) -> ByteString? {
        guard let directory = try id(of: path.parent) else { return nil }
        return try contents.text(of: path.lastComponent, in: directory)
    }

    /// Stores `text` as the content of the file at `path`, whatever it was before.
    ///
    /// - Returns: `false` when there is no room for it within `mostBytesOfContents` (or it is too long by itself): then
    ///   nothing is stored for the file, because what was stored before is no longer true.
    @discardableResult
    package func putContent(_ text: ByteString, at path: ByteString) throws(DatabaseError) -> Bool {
        try begin()
        let directory = try makeID(of: path.parent)
        pending += 1
        return try contents.put(text, of: path.lastComponent, in: directory)
    }

    /// Forgets the content of the file at `path`, not the file.
    package func removeContent(of path: ByteString) throws(DatabaseError) {
        guard let directory = try id(of: path.parent) else { return }
        try begin()
        try contents.remove(path.lastComponent, in: directory)
        pending += 1
    }

    /// Of which files content is stored: at most `limit` that come after `last`, in an order of their own.
    package func contents(
        after last: StoredContent?, limit: Int
    ) throws(DatabaseError) -> [StoredContent] {
        try contents.list(after: last, limit: limit)
    }

    /// Bytes of all stored contents, with their names and 16 bytes each.
    package func bytesOfContents() throws(DatabaseError) -> Int { try contents.total() }

    /// Contents for which there was no room since the baseline was opened.
    package var refusedContents: UInt64 { contents.refused }

    /// Sets another bound than `mostBytesOfContents`.
    package func limitContents(to bytes: Int) { contents.limit = bytes }
}

/// A file of which content is stored.
package struct StoredContent: Equatable, Sendable {
    package let path: ByteString
    fileprivate let directory: Int64
}

/// The table of contents, and how much is in it. Its calls write within the baseline's transaction.
final class ContentTable {
    var limit = Baseline.mostBytesOfContents
    private(set) var refused: UInt64 = 0
    private let select, insert, delete, deleteAll, sum, names: Statement
    /// Counted when it is asked for first, and kept up from then on.
    private var knownTotal: Int?
    private static let rowSize = "length(text) + length(name) + \(rowOverhead)"
    private static let rowOverhead = 16

    init(_ database: Database) throws(DatabaseError) {
        // A damaged row may say that it is of any length.
        select = try database.prepare(
            "SELECT text FROM content WHERE directory = ? AND name = ? "
                + "AND length(text) <= \(Baseline.mostBytesOfContent)")
        insert = try database.prepare("INSERT INTO content(directory, name, text) VALUES(?, ?, ?)")
        delete = try database.prepare(
            "DELETE FROM content WHERE directory = ? AND name = ? RETURNING \(Self.rowSize)")
        deleteAll = try database.prepare("DELETE FROM content WHERE directory = ? RETURNING \(Self.rowSize)")
        sum = try database.prepare("SELECT sum(\(Self.rowSize)) FROM content")
        names = try database.prepare(
            "SELECT content.directory, directory.path, content.name FROM content "
                + "JOIN directory ON directory.id = content.directory "
                + "WHERE (content.directory, content.name) > (?, ?) "
                + "ORDER BY content.directory, content.name LIMIT ?")
    }

    func list(after last: StoredContent?, limit: Int) throws(DatabaseError) -> [StoredContent] {
        names.bind(last?.directory ?? -1, at: 1)
        names.bind(last?.path.lastComponent ?? ByteString(), at: 2)
        names.bind(Int64(limit), at: 3)
        defer { names.reset() }
        var result: [StoredContent] = []
        while try names.step() {
            let path = names.bytes(at: 1).appending(names.bytes(at: 2))
            result.append(StoredContent(path: path, directory: names.integer(at: 0)))
        }
        return result
    }

    func text(of name: ByteString, in directory: Int64) throws(DatabaseError) -> ByteString? {
        select.bind(directory, at: 1)
        select.bind(name, at: 2)
        defer { select.reset() }
        return try select.step() ? select.bytes(at: 0) : nil
    }

    func put(_ text: ByteString, of name: ByteString, in directory: Int64) throws(DatabaseError) -> Bool {
        try remove(name, in: directory)
        let total = try total()
        let size = text.count + name.count + Self.rowOverhead
        guard text.count <= Baseline.mostBytesOfContent, size <= limit - total else {
            refused += 1
            return false
        }
        insert.bind(directory, at: 1)
        insert.bind(name, at: 2)
        insert.bind(text, at: 3)
        try insert.run()
        knownTotal = total + size
        return true
    }

    func remove(_ name: ByteString, in directory: Int64) throws(DatabaseError) {
        delete.bind(directory, at: 1)
        delete.bind(name, at: 2)
        try takeAway(delete)
    }

    func removeAll(in directory: Int64) throws(DatabaseError) {
        deleteAll.bind(directory, at: 1)
        try takeAway(deleteAll)
    }

    /// Runs a statement that deletes rows and gives the size of each.
    private func takeAway(_ statement: Statement) throws(DatabaseError) {
        // Where nothing is stored, a removal costs nothing.
        guard try total() > 0 else { return }
        defer { statement.reset() }
        while try statement.step() {
            let size = Int(clamping: statement.integer(at: 0))
            knownTotal = knownTotal.map { max(0, $0 &- size) }
        }
    }

    func total() throws(DatabaseError) -> Int {
        if let knownTotal { return knownTotal }
        defer { sum.reset() }
        let total = try sum.step() ? max(0, Int(clamping: sum.integer(at: 0))) : 0
        knownTotal = total
        return total
    }

    /// After a roll-back: the rows are again what they were.
    func forgetTotal() { knownTotal = nil }
}
