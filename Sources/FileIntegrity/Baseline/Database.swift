internal import CSQLite
internal import EventModel

/// What SQLite refused, in its own words.
package struct DatabaseError: Error, Hashable, Sendable {
    /// An extended result code of SQLite.
    package var code: Int32
    package var message: String

    package init(code: Int32, message: String) { (self.code, self.message) = (code, message) }

    /// The file is no database, or a damaged one.
    package var isCorrupt: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(code & 0xff) }
    /// There is no room on its filesystem.
    package var isFull: Bool { [SQLITE_FULL, SQLITE_IOERR].contains(code & 0xff) && !isReadFailure }
    /// What stands in the file cannot be read. Low byte: `SQLITE_IOERR`; the next: `_READ`, `_SHORT_READ`, `_CORRUPTFS`.
    package var isReadFailure: Bool {
        code & 0xff == SQLITE_IOERR && [1, 2, 33].contains(code >> 8)
    }
}

extension DatabaseError: CustomStringConvertible {
    package var description: String { "\(message) (SQLite \(code))" }
}

/// One connection to a SQLite database. One thread owns it.
final class Database {
    fileprivate let handle: OpaquePointer

    /// Opens the file, and makes it when it is not there and `mayWrite`.
    init(path: String, mayWrite: Bool) throws(DatabaseError) {
        let flags =
            (mayWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY)
            | SQLITE_OPEN_NOMUTEX
        var opened: OpaquePointer?
        let result = sqlite3_open_v2(path, &opened, flags, nil)
        guard let opened else { throw DatabaseError(code: SQLITE_NOMEM, message: "out of memory") }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 5_000)
        guard result == SQLITE_OK else { throw problem }
    }

    deinit { sqlite3_close_v2(handle) }

    /// Why the last call failed.
    fileprivate var problem: DatabaseError {
        DatabaseError(
            code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
    }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(DatabaseError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw problem }
    }

    /// - Parameter sql: one statement; it is used for as long as the database is.
    func prepare(_ sql: String) throws(DatabaseError) -> Statement {
        try Statement(sql, in: self)
    }
}

/// A prepared statement: bind, step, read, reset.
final class Statement {
    private let database: Database
    private let handle: OpaquePointer
    /// `SQLITE_TRANSIENT`: SQLite makes its own copy.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    fileprivate init(_ sql: String, in database: Database) throws(DatabaseError) {
        var prepared: OpaquePointer?
        let result = sqlite3_prepare_v3(
            database.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard result == SQLITE_OK, let prepared else { throw database.problem }
        self.database = database
        handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ value: Int64, at index: Int32) { sqlite3_bind_int64(handle, index, value) }

    /// Values above `Int64.max` are kept as the negative number of the same bits.
    func bind(_ value: UInt64, at index: Int32) { bind(Int64(bitPattern: value), at: index) }

    func bind(_ bytes: ByteString, at index: Int32) {
        // With a null pointer SQLite would bind NULL.
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, index, 0)
        } else {
            sqlite3_bind_blob64(handle, index, bytes.bytes, UInt64(bytes.count), Self.copied)
        }
    }

    /// Binds the bytes themselves, no copy: they stay where they are until the statement has run.
    func lend(_ bytes: UnsafeRawBufferPointer, at index: Int32) {
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, index, 0)
        } else {
            sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil)
        }
    }

    func bind(text: String, at index: Int32) {
        sqlite3_bind_text(handle, index, text, -1, Self.copied)
    }

    /// Whether there is a row (or a further one).
    func step() throws(DatabaseError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let problem = database.problem
            reset()
            throw problem
        }
    }

    /// Runs a statement that gives no rows, and makes it ready for the next time.
    func run() throws(DatabaseError) {
        _ = try step()
        reset()
    }

    /// Ready to be bound and run again; ends a read.
    func reset() { sqlite3_reset(handle) }

    func integer(at column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func unsigned(at column: Int32) -> UInt64 { UInt64(bitPattern: integer(at: column)) }

    /// A blob, valid until the next step, reset or call for the same column.
    func blob(at column: Int32) -> UnsafeRawBufferPointer {
        let bytes = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column)))
    }

    func bytes(at column: Int32) -> ByteString { ByteString(Array(blob(at: column))) }
}
