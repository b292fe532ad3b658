internal import CSQLite
internal import EventModel

/// rpm's tables, read only. Whatever fails reads as nothing there. One thread owns it.
final class RpmTables {
    private let handle: OpaquePointer
    private var owners: OpaquePointer?
    private var header: OpaquePointer?
    /// A header of 64 MiB has half a million files.
    private static let largestHeader: Int32 = 64 << 20
    /// Steps of SQLite's machine after which a query ends: a database that was made to keep us busy does not.
    private static let maximumSteps: Int32 = 20_000_000
    /// Packages that have one path; more are left out.
    private static let maximumOwners = 64

    /// - Returns: `nil` when it is no database that can be read.
    init?(file: ByteString) {
        var opened: OpaquePointer?
        let result = Self.open(file, &opened)
        guard let opened else { return nil }
        handle = opened
        // From here on `deinit` closes it.
        guard result == SQLITE_OK else { return nil }
        sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Self.largestHeader)
        sqlite3_progress_handler(handle, Self.maximumSteps, { _ in 1 }, nil)
        sqlite3_exec(
            handle, "PRAGMA trusted_schema=0; PRAGMA cell_size_check=1; PRAGMA cache_size=-256", nil, nil, nil
        )
        owners = prepare(
            """
            SELECT hnum, idx FROM Basenames WHERE key = ?1 \
            AND hnum IN (SELECT hnum FROM Dirnames WHERE key = ?2) LIMIT \(Self.maximumOwners)
            """)
        header = prepare("SELECT blob FROM Packages WHERE hnum = ?1")
        guard owners != nil, header != nil else { return nil }
    }

    deinit {
        for statement in [owners, header] { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Without a log beside it nobody writes, and reading must not make one: the log would be ours to the end.
    private static func open(_ file: ByteString, _ handle: inout OpaquePointer?) -> Int32 {
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI
        let hasLog = FileStamp(path: file.appending(suffix: "-wal")) != nil
        var name = Array("file:".utf8)
        for byte in file.bytes {
            // What has a meaning in the names of RFC 3986.
            if [UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "%")].contains(byte) {
                name +=
                    Array("%".utf8) + (byte < 0x30 ? Array(String(byte, radix: 16).utf8) : Array("3f".utf8))
            } else {
                name.append(byte)
            }
        }
        if !hasLog { name += Array("?immutable=1".utf8) }
        return sqlite3_open_v2(ByteString(name).zeroTerminated, &handle, flags, nil)
    }

    private func prepare(_ sql: String) -> OpaquePointer? {
        var statement: OpaquePointer?
        let result = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        return result == SQLITE_OK ? statement : nil
    }

    /// The packages, and the numbers among their files, that may have the path with this directory and name.
    ///
    /// - Parameter directory: with a slash at its end.
    func owners(name: ByteString, directory: ByteString) -> [(package: Int64, file: Int)] {
        var found: [(Int64, Int)] = []
        bind(name, at: 1)
        bind(directory, at: 2)
        while sqlite3_step(owners) == SQLITE_ROW {
            let index = sqlite3_column_int64(owners, 1)
            if index >= 0 { found.append((sqlite3_column_int64(owners, 0), Int(index))) }
        }
        sqlite3_reset(owners)
        sqlite3_clear_bindings(owners)
        return found
    }

    /// Keys are text of any bytes. SQLite copies them: `SQLITE_TRANSIENT`.
    private func bind(_ key: ByteString, at index: Int32) {
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        key.bytes.withUnsafeBytes { bytes in
            let text = bytes.bindMemory(to: CChar.self)
            sqlite3_bind_text(owners, index, text.baseAddress, Int32(text.count), copied)
        }
    }

    /// Gives `body` the header of a package, valid during the call.
    func withHeader<Result>(of package: Int64, _ body: (RpmHeader) -> Result?) -> Result? {
        sqlite3_bind_int64(header, 1, package)
        defer { sqlite3_reset(header) }
        guard sqlite3_step(header) == SQLITE_ROW else { return nil }
        return bytes(of: header, at: 0).flatMap { RpmHeader($0) }.flatMap(body)
    }

    /// The numbers of all packages, at most `limit`.
    func packages(limit: Int) -> [Int64] {
        guard let statement = prepare("SELECT hnum FROM Packages ORDER BY hnum LIMIT ?1") else { return [] }
        defer { sqlite3_finalize(statement) }
        sqlite3_bind_int64(statement, 1, Int64(limit))
        var found: [Int64] = []
        while sqlite3_step(statement) == SQLITE_ROW { found.append(sqlite3_column_int64(statement, 0)) }
        return found
    }

    private func bytes(of statement: OpaquePointer?, at column: Int32) -> UnsafeRawBufferPointer? {
        guard let start = sqlite3_column_blob(statement, column) else { return nil }
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }
}
