package import EventModel

/// What every watched file was: a SQLite database. One thread owns it; others may read the file at the same time.
///
/// Changes become visible and durable with `commit`; a process that is killed before loses those since the last one,
/// never the file.
package final class Baseline {
    private let database: Database
    private let insertDirectory, selectDirectory, selectTree, selectLast, selectNext, deleteDirectory,
        renameDirectory: Statement
    private let selectRoot, selectRoots, putRoot: Statement
    private let files: RunStore
    /// The contents of small text files; see `content(of:)`.
    let contents: ContentTable
    private var isInTransaction = false
    private var isReading = false
    /// Ids of the directories that were asked for last.
    private var ids: [ByteString: Int64] = [:]
    private static let mostIDs = 512
    /// The last of them: one file after another lies in the same directory.
    private var lastID: (path: ByteString, id: Int64)?
    /// The record that is being written.
    private var encoded: [UInt8] = []
    /// Files written since the last commit.
    package internal(set) var pending = 0

    /// Opens the baseline at `path`, and makes it when it is not there and `mayWrite`.
    ///
    /// - Throws: `DatabaseError`; `isCorrupt` when the file is no baseline of ours.
    package init(path: String, mayWrite: Bool = true) throws(DatabaseError) {
        database = try Database(path: path, mayWrite: mayWrite)
        if mayWrite { try Self.prepare(database) }
        insertDirectory = try database.prepare("INSERT INTO directory(path) VALUES(?) RETURNING id")
        selectDirectory = try database.prepare("SELECT id FROM directory WHERE path = ?")
        selectTree = try database.prepare(
            "SELECT id, path FROM directory WHERE path = ?1 OR (path > ?2 AND path < ?3) ORDER BY path")
        selectLast = try database.prepare(
            "SELECT path FROM directory WHERE path > ?1 AND path < ?2 ORDER BY path DESC LIMIT 1")
        selectNext = try database.prepare(
            "SELECT path FROM directory WHERE path > ?1 AND path < ?2 ORDER BY path LIMIT 1")
        deleteDirectory = try database.prepare("DELETE FROM directory WHERE id = ?")
        renameDirectory = try database.prepare("UPDATE directory SET path = ? WHERE id = ?")
        files = try RunStore(database)
        selectRoot = try database.prepare("SELECT taken, scanned, rules FROM root WHERE path = ?")
        selectRoots = try database.prepare("SELECT path FROM root ORDER BY path")
        putRoot = try database.prepare(
            "INSERT OR REPLACE INTO root(path, taken, scanned, rules) VALUES(?, ?, ?, ?)")
        contents = try ContentTable(database)
    }

    private static func prepare(_ database: Database) throws(DatabaseError) {
        // A small cache: the kernel's is as good, and not counted as ours.
        try database.execute(
            """
            PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -512;
            PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;
            PRAGMA journal_size_limit = 4194304
            """
        )
        let statement = try database.prepare("PRAGMA user_version")
        let version = try statement.step() ? statement.integer(at: 0) : 0
        statement.reset()
        guard version == 0 || BaselineSchema.readable.contains(version) else {
            throw DatabaseError(
                code: 26, message: "it is of version \(version), not \(BaselineSchema.version)")
        }
        try database.execute(BaselineSchema.tables)
        try database.execute("PRAGMA user_version = \(BaselineSchema.version)")
    }

    // MARK: Transactions

    func begin() throws(DatabaseError) {
        guard !isInTransaction else { return }
        // A transaction that has read may be too old to write: another has written since.
        try endReading()
        try database.execute("BEGIN IMMEDIATE")
        isInTransaction = true
    }

    /// Makes what was written since the last time durable.
    package func commit() throws(DatabaseError) {
        guard isInTransaction else { return try endReading() }
        do throws(DatabaseError) {
            try files.flush()
            try database.execute("COMMIT")
        } catch {
            rollBack()
            throw error
        }
        isInTransaction = false
        pending = 0
    }

    /// Reads what comes next from one state of the baseline, until `endReading` or the first write: that saves SQLite
    /// the locks for each question. Others may write, but the write-ahead log only grows meanwhile.
    func beginReading() throws(DatabaseError) {
        guard !isInTransaction, !isReading else { return }
        try database.execute("BEGIN")
        isReading = true
    }

    func endReading() throws(DatabaseError) {
        guard isReading else { return }
        isReading = false
        try database.execute("COMMIT")
    }

    /// Takes back what was written since the last commit.
    package func rollBack() {
        guard isInTransaction else { return }
        // When this fails too, SQLite has rolled back by itself.
        try? database.execute("ROLLBACK")
        isInTransaction = false
        pending = 0
        files.drop()
        ids.removeAll()
        lastID = nil
        contents.forgetTotal()
    }

    /// Finds out whether anything can be written.
    package func probe() throws(DatabaseError) {
        try begin()
        try database.execute(
            "UPDATE root SET scanned = scanned; PRAGMA user_version = \(BaselineSchema.version)")
        try commit()
    }

    /// Writes a copy of everything to a new file at `path`, in one piece.
    func copy(to path: String) throws(DatabaseError) {
        try commit()
        let statement = try database.prepare("VACUUM INTO ?")
        statement.bind(text: path, at: 1)
        try statement.run()
    }

    // MARK: Files

    /// What is known of `path`; `nil` for nothing.
    package func record(of path: ByteString) throws(DatabaseError) -> BaselineRecord? {
        guard let directory = try id(of: path.parent) else { return nil }
        return try files.find(path.lastComponent, in: directory, Self.decode)
    }

    /// Notes that the file at `path` is as `attributes` say, at `seen` nanoseconds since 1970.
    package func put(_ attributes: FileAttributes, at path: ByteString, seen: UInt64) throws(DatabaseError) {
        try put(attributes, name: path.lastComponent, in: path.parent, seen: seen)
    }

    package func put(
        _ attributes: FileAttributes, name: ByteString, in directory: ByteString, seen: UInt64
    ) throws(DatabaseError) {
        try begin()
        let id = try makeID(of: directory)
        let size = encode(attributes, seen: seen)
        try encoded.withUnsafeBufferPointer { encoded throws(DatabaseError) in
            let record = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(encoded)[..<size])
            try files.put(name, record, in: id)
        }
        pending += 1
    }

    /// Writes the record into `encoded`. Returns its size.
    private func encode(_ attributes: FileAttributes, seen: UInt64) -> Int {
        let most = RecordCoding.mostWithoutTarget + (attributes.linkTarget?.count ?? 0)
        if encoded.count < most { encoded = [UInt8](repeating: 0, count: most) }
        return encoded.withUnsafeMutableBytes { RecordCoding.encode(attributes, seen: seen, into: $0) }
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> BaselineRecord {
        guard let record = RecordCoding.decode(bytes) else { throw .nonsense }
        return record
    }

    /// Forgets the file at `path`; of a directory, what is in it stays: see `removeTree`.
    package func remove(_ path: ByteString) throws(DatabaseError) {
        guard let directory = try id(of: path.parent) else { return }
        try begin()
        try files.remove(path.lastComponent, in: directory)
        try contents.remove(path.lastComponent, in: directory)
        pending += 1
    }

    /// Forgets what is below the directory at `path`, and hands each over before.
    package func removeTree(
        _ path: ByteString, _ body: (ByteString, BaselineRecord) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let directories = try tree(path)
        guard !directories.isEmpty else { return }
        try begin()
        for (id, directory) in directories {
            try forEachChild(of: id) { (name, record) throws(DatabaseError) in
                try body(directory.appending(name), record)
            }
            try files.removeAll(in: id)
            try contents.removeAll(in: id)
            deleteDirectory.bind(id, at: 1)
            try deleteDirectory.run()
            ids[directory] = nil
            lastID = nil
            pending += 1
        }
    }

    /// Moves what is known below `path` to below `target`; what was known there is forgotten.
    package func moveTree(_ path: ByteString, to target: ByteString) throws(DatabaseError) {
        try removeTree(target) { (_, _) throws(DatabaseError) in }
        let directories = try tree(path)
        guard !directories.isEmpty else { return }
        try begin()
        for (id, directory) in directories {
            renameDirectory.bind(ByteString(target.bytes + directory.bytes[path.count...]), at: 1)
            renameDirectory.bind(id, at: 2)
            try renameDirectory.run()
            pending += 1
        }
        ids.removeAll(keepingCapacity: true)
        lastID = nil
    }

    /// The last directory by path of those at `path` and below it of which files are known; `nil` for none. What is below
    /// a directory comes after it: nothing that is known is below the last one.
    ///
    /// - Parameter end: only directories whose paths come before; `nil` for all.
    package func lastDirectory(
        below path: ByteString, before end: ByteString? = nil
    ) throws(DatabaseError) -> ByteString? {
        guard end != path else { return nil }
        let inside = Self.inside(path)
        let found = try directory(selectLast, from: inside.first, to: end ?? inside.end)
        if let found { return found }
        return try id(of: path) == nil ? nil : path
    }

    /// The first directory below `path`, but not itself, that comes after `start`; `nil` for none.
    package func nextDirectory(
        below path: ByteString, after start: ByteString? = nil
    ) throws(DatabaseError) -> ByteString? {
        let inside = Self.inside(path)
        return try directory(selectNext, from: max(start ?? inside.first, inside.first), to: inside.end)
    }

    private func directory(
        _ statement: Statement, from first: ByteString, to end: ByteString
    ) throws(DatabaseError) -> ByteString? {
        statement.bind(first, at: 1)
        statement.bind(end, at: 2)
        defer { statement.reset() }
        return try statement.step() ? statement.bytes(at: 0) : nil
    }

    /// Between which paths lie those of everything below `path`; the byte after the slash ends them.
    private static func inside(_ path: ByteString) -> (first: ByteString, end: ByteString) {
        let start = path == "/" ? [] : path.bytes
        return (
            ByteString(start + [UInt8(ascii: "/")]), ByteString(start + [UInt8(ascii: "/") + 1])
        )
    }

    /// Everything that is known of what is in the directory at `path`, by name: at most `limit` names that come after
    /// `name`.
    package func records(
        of path: ByteString, after name: ByteString, limit: Int
    ) throws(DatabaseError) -> [(name: ByteString, record: BaselineRecord)] {
        guard let id = try id(of: path) else { return [] }
        var result: [(name: ByteString, record: BaselineRecord)] = []
        _ = try files.forEach(in: id, after: name, limit: limit) { (name, record) throws(DatabaseError) in
            try result.append((ByteString(Array(name)), Self.decode(record)))
        }
        return result
    }

    /// Forgets the directory at `path` if nothing is known of what is in it.
    package func removeIfEmpty(_ path: ByteString) throws(DatabaseError) {
        guard let id = try id(of: path), try records(of: path, after: ByteString(), limit: 1).isEmpty else {
            return
        }
        try begin()
        try contents.removeAll(in: id)
        deleteDirectory.bind(id, at: 1)
        try deleteDirectory.run()
        ids[path] = nil
        lastID = nil
    }

    private func tree(_ path: ByteString) throws(DatabaseError) -> [(Int64, ByteString)] {
        let inside = Self.inside(path)
        selectTree.bind(path, at: 1)
        selectTree.bind(inside.first, at: 2)
        selectTree.bind(inside.end, at: 3)
        defer { selectTree.reset() }
        var result: [(Int64, ByteString)] = []
        while try selectTree.step() {
            result.append((selectTree.integer(at: 0), selectTree.bytes(at: 1)))
        }
        return result
    }

    /// What is known at a glance in the directory at `path`, by name: at most `limit` names that come after `name`.
    package func glances(
        of path: ByteString, after name: ByteString, limit: Int
    ) throws(DatabaseError) -> [BaselineGlance] {
        guard let id = try id(of: path) else { return [] }
        var result: [BaselineGlance] = []
        _ = try files.forEach(in: id, after: name, limit: limit, forGlances: true) {
            (name, record) throws(DatabaseError) in
            guard let attributes = RecordCoding.decodeGlance(record) else { throw .nonsense }
            result.append(BaselineGlance(name: ByteString(Array(name)), attributes: attributes))
        }
        return result
    }

    private func forEachChild(
        of id: Int64, _ body: (ByteString, BaselineRecord) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        var last = ByteString()
        var count = Self.batch
        while count == Self.batch {
            count = try files.forEach(in: id, after: last, limit: Self.batch) {
                (name, record) throws(DatabaseError) in
                last = ByteString(Array(name))
                try body(last, Self.decode(record))
            }
        }
    }

    /// Files that are read at a time.
    package static let batch = 256

    /// Hands over everything that is known below `path`, a directory before what is in it.
    package func forEachBelow(
        _ path: ByteString, _ body: (ByteString, BaselineRecord) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        for (id, directory) in try tree(path) {
            try forEachChild(of: id) { (name, record) throws(DatabaseError) in
                try body(directory.appending(name), record)
            }
        }
    }

    /// Files in the baseline.
    package func fileCount() throws(DatabaseError) -> Int {
        try files.fileCount()
    }

    // MARK: Directories

    func id(of path: ByteString) throws(DatabaseError) -> Int64? {
        if let lastID, lastID.path == path { return lastID.id }
        if let known = ids[path] {
            lastID = (path, known)
            return known
        }
        selectDirectory.bind(path, at: 1)
        defer { selectDirectory.reset() }
        guard try selectDirectory.step() else { return nil }
        return remember(selectDirectory.integer(at: 0), of: path)
    }

    func makeID(of path: ByteString) throws(DatabaseError) -> Int64 {
        if let known = try id(of: path) { return known }
        insertDirectory.bind(path, at: 1)
        defer { insertDirectory.reset() }
        _ = try insertDirectory.step()
        return remember(insertDirectory.integer(at: 0), of: path)
    }

    private func remember(_ id: Int64, of path: ByteString) -> Int64 {
        if ids.count >= Self.mostIDs { ids.removeAll(keepingCapacity: true) }
        ids[path] = id
        lastID = (path, id)
        return id
    }

    // MARK: Roots

    /// When the tree at `path` was taken into the baseline, and when the last complete scan of it began.
    package func root(_ path: ByteString) throws(DatabaseError) -> BaselineRoot? {
        selectRoot.bind(path, at: 1)
        defer { selectRoot.reset() }
        guard try selectRoot.step() else { return nil }
        return BaselineRoot(
            taken: selectRoot.unsigned(at: 0), scanned: selectRoot.unsigned(at: 1),
            rules: selectRoot.unsigned(at: 2))
    }

    /// All trees, by path.
    package func roots() throws(DatabaseError) -> [ByteString] {
        defer { selectRoots.reset() }
        var result: [ByteString] = []
        while try selectRoots.step() { result.append(selectRoots.bytes(at: 0)) }
        return result
    }

    package func setRoot(_ path: ByteString, _ root: BaselineRoot) throws(DatabaseError) {
        try begin()
        putRoot.bind(path, at: 1)
        putRoot.bind(root.taken, at: 2)
        putRoot.bind(root.scanned, at: 3)
        putRoot.bind(root.rules, at: 4)
        try putRoot.run()
        pending += 1
    }
}

/// A file in a directory of the baseline, with what `statx(2)` tells too.
package struct BaselineGlance: Equatable, Sendable {
    package var name: ByteString
    package var attributes: FileAttributes
}

/// A tree in the baseline. Nanoseconds since 1970.
package struct BaselineRoot: Equatable, Sendable {
    /// When its first scan was complete.
    package var taken: UInt64
    /// When the last complete scan began: what has not been seen later was still so then.
    package var scanned: UInt64
    /// A digest of what was meant to be in it; 0 for everything.
    package var rules: UInt64

    package init(taken: UInt64, scanned: UInt64, rules: UInt64 = 0) {
        self.taken = taken
        self.scanned = scanned
        self.rules = rules
    }
}
