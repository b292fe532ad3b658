package import EventModel

/// The tables of the baseline. A change of them or of a record needs a new `version`; a database of one that is not
/// `readable` is made anew.
enum BaselineSchema {
    static let version: Int64 = 6
    /// Version 5 had no further digests: all its records are good. It becomes 6 when it is opened to be written to.
    static let readable: ClosedRange<Int64> = 5...6

    /// Files stand in runs, as `RunStore` says: `files` is laid out as in `FileRun`, each record in it as in
    /// `RecordCoding`; `count` is their number.
    static let tables = """
        CREATE TABLE IF NOT EXISTS directory(id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE IF NOT EXISTS run(
            id INTEGER PRIMARY KEY, directory INTEGER NOT NULL, start BLOB NOT NULL, count INTEGER NOT NULL,
            files BLOB NOT NULL) STRICT;
        CREATE UNIQUE INDEX IF NOT EXISTS run_place ON run(directory, start);
        CREATE TABLE IF NOT EXISTS content(
            directory INTEGER NOT NULL, name BLOB NOT NULL, text BLOB NOT NULL,
            PRIMARY KEY(directory, name)) WITHOUT ROWID, STRICT;
        CREATE TABLE IF NOT EXISTS root(
            path BLOB PRIMARY KEY, taken INTEGER NOT NULL, scanned INTEGER NOT NULL, rules INTEGER NOT NULL)
            WITHOUT ROWID, STRICT;
        """
}

/// What the baseline says of one file.
package struct BaselineRecord: Equatable, Sendable {
    package var attributes: FileAttributes
    /// When this was found to be so, before the look: nanoseconds since 1970.
    package var seen: UInt64

    package init(attributes: FileAttributes, seen: UInt64) {
        self.attributes = attributes
        self.seen = seen
    }

    /// Whether it is of what stood there until `time`: what was seen later is something that came after.
    ///
    /// - Parameter now: the clock may have been ahead when the record was written.
    func isOlder(than time: UInt64, now: UInt64) -> Bool { seen <= time || seen > now }
}
