internal import EventModel

/// The files of all directories, in runs: SQLite is asked once for some twenty files, not for each.
///
/// A run has the names from its start up to the start of the next one; the first run of a directory starts with the
/// empty name. The run that was written to last stays in memory until it is flushed: within a transaction, because then
/// nobody else writes.
final class RunStore {
    private let insert, update, delete, deleteAll, select, selectNext, selectFrom, selectGlances,
        count: Statement
    private var current: OpenRun?

    /// A run in memory.
    private final class OpenRun {
        let directory: Int64
        /// Its row; `nil` when it has none yet.
        let id: Int64?
        let start: ByteString
        /// The start of the next run.
        let end: ByteString?
        var files: FileRun
        var isChanged = false

        init(directory: Int64, id: Int64?, start: ByteString, end: ByteString?, files: FileRun = FileRun()) {
            self.directory = directory
            self.id = id
            self.start = start
            self.end = end
            self.files = files
        }

        func covers(_ name: ByteString, in directory: Int64) -> Bool {
            directory == self.directory && (start.isEmpty || order(start, name) <= 0)
                && (end.map { order(name, $0) < 0 } ?? true)
        }
    }

    /// Bytes of a run at most, unless it is a single file: three of them fit into a page.
    private static let mostBytes = 2_600

    init(_ database: Database) throws(DatabaseError) {
        insert = try database.prepare("INSERT INTO run(count, files, directory, start) VALUES(?, ?, ?, ?)")
        update = try database.prepare("UPDATE run SET count = ?, files = ? WHERE id = ?")
        delete = try database.prepare("DELETE FROM run WHERE id = ?")
        deleteAll = try database.prepare("DELETE FROM run WHERE directory = ?")
        select = try database.prepare(
            "SELECT id, start, files FROM run WHERE directory = ? AND start <= ? ORDER BY start DESC LIMIT 1")
        selectNext = try database.prepare(
            "SELECT start FROM run WHERE directory = ? AND start > ? ORDER BY start LIMIT 1")
        let from = """
            SELECT start, files FROM run WHERE directory = ?1 AND start >= coalesce(
                (SELECT max(start) FROM run WHERE directory = ?1 AND start <= ?2), x'') ORDER BY start
            """
        selectFrom = try database.prepare(from)
        selectGlances = try database.prepare(from)
        count = try database.prepare("SELECT coalesce(sum(count), 0) FROM run")
    }

    // MARK: Writing

    /// Within a transaction.
    func put(_ name: ByteString, _ record: UnsafeRawBufferPointer, in directory: Int64) throws(DatabaseError)
    {
        let run = try open(name, in: directory)
        let isLast = try name.withBytes { name throws(DatabaseError) in try run.files.put(name, record) }
        run.isChanged = true
        if run.files.bytes.count > Self.mostBytes, run.files.count > 1 { try split(run, onlyLast: isLast) }
    }

    /// Within a transaction.
    func remove(_ name: ByteString, in directory: Int64) throws(DatabaseError) {
        let run = try open(name, in: directory)
        let isRemoved = try name.withBytes { name throws(DatabaseError) in run.files.remove(name) }
        if isRemoved { run.isChanged = true }
    }

    /// Forgets all files of the directory.
    func removeAll(in directory: Int64) throws(DatabaseError) {
        try flush()
        deleteAll.bind(directory, at: 1)
        try deleteAll.run()
    }

    /// Makes the run that `name` belongs to the current one.
    private func open(_ name: ByteString, in directory: Int64) throws(DatabaseError) -> OpenRun {
        if let current, current.covers(name, in: directory) { return current }
        try flush()
        let run = try load(name, in: directory)
        current = run
        return run
    }

    private func load(_ name: ByteString, in directory: Int64) throws(DatabaseError) -> OpenRun {
        select.bind(directory, at: 1)
        select.bind(name, at: 2)
        defer { select.reset() }
        guard try select.step() else {
            let start = ByteString()
            return OpenRun(
                directory: directory, id: nil, start: start, end: try self.start(after: start, in: directory))
        }
        let start = select.bytes(at: 1)
        return OpenRun(
            directory: directory, id: select.integer(at: 0), start: start,
            end: try self.start(after: start, in: directory), files: try FileRun(select.blob(at: 2)))
    }

    private func start(after start: ByteString, in directory: Int64) throws(DatabaseError) -> ByteString? {
        selectNext.bind(directory, at: 1)
        selectNext.bind(start, at: 2)
        defer { selectNext.reset() }
        return try selectNext.step() ? selectNext.bytes(at: 0) : nil
    }

    /// Writes the earlier files of the current run; the later ones are the current run from now on.
    private func split(_ run: OpenRun, onlyLast: Bool) throws(DatabaseError) {
        // Copies: when writing fails the run stays as it was, for the next attempt.
        var files = run.files
        let later = files.split(onlyLast: onlyLast)
        try write(files, of: run)
        let next = OpenRun(
            directory: run.directory, id: nil, start: later.firstName, end: run.end, files: later)
        next.isChanged = true
        current = next
    }

    /// Writes what is in memory only.
    func flush() throws(DatabaseError) {
        // When that fails it stays, for the next attempt.
        if let current, current.isChanged { try write(current.files, of: current) }
        current = nil
    }

    /// Forgets what is in memory only.
    func drop() { current = nil }

    private func write(_ files: FileRun, of run: OpenRun) throws(DatabaseError) {
        if files.count == 0 {
            guard let id = run.id else { return }
            delete.bind(id, at: 1)
            return try delete.run()
        }
        let statement = run.id == nil ? insert : update
        statement.bind(Int64(files.count), at: 1)
        if let id = run.id {
            statement.bind(id, at: 3)
        } else {
            statement.bind(run.directory, at: 3)
            statement.bind(run.start, at: 4)
        }
        try files.bytes.withUnsafeBufferPointer { bytes throws(DatabaseError) in
            statement.lend(UnsafeRawBufferPointer(bytes), at: 2)
            try statement.run()
        }
    }

    // MARK: Reading

    /// The record of the file, as `read` has it; `nil` for none.
    func find<Result>(
        _ name: ByteString, in directory: Int64,
        _ read: (UnsafeRawBufferPointer) throws(DatabaseError) -> Result
    ) throws(DatabaseError) -> Result? {
        if let current, current.covers(name, in: directory) {
            return try current.files.bytes.withUnsafeBufferPointer { files throws(DatabaseError) in
                try Self.find(name, in: UnsafeRawBufferPointer(files), read)
            }
        }
        select.bind(directory, at: 1)
        select.bind(name, at: 2)
        defer { select.reset() }
        return try select.step() ? Self.find(name, in: select.blob(at: 2), read) : nil
    }

    private static func find<Result>(
        _ name: ByteString, in files: UnsafeRawBufferPointer,
        _ read: (UnsafeRawBufferPointer) throws(DatabaseError) -> Result
    ) throws(DatabaseError) -> Result? {
        try name.withBytes { name throws(DatabaseError) in
            var reader = FileRunReader(files)
            while let file = try reader.next() {
                if order(file.name, name) == 0 { return try read(file.record) }
            }
            return nil
        }
    }

    /// Hands over the names and records of the directory by name: at most `limit` that come after `name`. Returns their
    /// number.
    ///
    /// - Parameter forGlances: whether it is one of two that may go on at the same time.
    func forEach(
        in directory: Int64, after name: ByteString, limit: Int, forGlances: Bool = false,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> Int {
        try flush()
        let statement = forGlances ? selectGlances : selectFrom
        statement.bind(directory, at: 1)
        statement.bind(name, at: 2)
        defer { statement.reset() }
        var count = 0
        var start: ByteString?
        while try statement.step() {
            // A damaged index could lead us around in it for ever.
            let next = statement.bytes(at: 0)
            if let start, order(next, start) <= 0 { throw .disorder }
            start = next
            var reader = FileRunReader(statement.blob(at: 1))
            while let file = try reader.next() {
                guard try name.withBytes({ order(file.name, $0) > 0 }) else { continue }
                guard count < limit else { return count }
                try body(file.name, file.record)
                count += 1
            }
        }
        return count
    }

    /// Files in all directories.
    func fileCount() throws(DatabaseError) -> Int {
        try flush()
        defer { count.reset() }
        return try count.step() ? Int(count.integer(at: 0)) : 0
    }
}

private func order(_ one: ByteString, _ other: ByteString) -> Int {
    one.bytes.withUnsafeBytes { one in other.bytes.withUnsafeBytes { other in order(one, other) } }
}

extension ByteString {
    /// The bytes, valid during the call.
    func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(DatabaseError) -> Result
    ) throws(DatabaseError) -> Result {
        try bytes.withUnsafeBufferPointer { bytes throws(DatabaseError) in
            try body(UnsafeRawBufferPointer(bytes))
        }
    }
}
