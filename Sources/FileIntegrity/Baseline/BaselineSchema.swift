package import EventModel

/// The tables of the baseline. A change of them or of a record needs a new `version`; a database of another one is made
/// anew.
enum BaselineSchema {
    static let version: Int64 = 2

    /// A file is a row in its directory's range of `file`; its `record` is laid out as `RecordCoding` says.
    static let tables = """
        CREATE TABLE IF NOT EXISTS directory(id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE IF NOT EXISTS file(
            directory INTEGER NOT NULL, name BLOB NOT NULL, record BLOB NOT NULL,
            PRIMARY KEY(directory, name)) WITHOUT ROWID, STRICT;
        CREATE TABLE IF NOT EXISTS root(
            path BLOB PRIMARY KEY, taken INTEGER NOT NULL, scanned INTEGER NOT NULL) WITHOUT ROWID, STRICT;
        """
}

/// What the baseline says of one file.
package struct BaselineRecord: Equatable, Sendable {
    package var attributes: FileAttributes
    /// When this was found to be so: nanoseconds since 1970.
    package var seen: UInt64

    package init(attributes: FileAttributes, seen: UInt64) {
        self.attributes = attributes
        self.seen = seen
    }
}
