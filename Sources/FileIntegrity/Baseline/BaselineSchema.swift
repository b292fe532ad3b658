package import EventModel

/// The tables of the baseline. A change of them needs a new `version`; a database of another one is made anew.
enum BaselineSchema {
    static let version: Int64 = 2

    static let tables = """
        CREATE TABLE IF NOT EXISTS directory(id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE IF NOT EXISTS file(
            directory INTEGER NOT NULL, name BLOB NOT NULL,
            type INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, generation INTEGER NOT NULL,
            mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL, size INTEGER NOT NULL,
            mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, btime INTEGER NOT NULL, links INTEGER NOT NULL,
            flags INTEGER NOT NULL, target BLOB, acl INTEGER NOT NULL, capabilities INTEGER NOT NULL,
            xattr INTEGER NOT NULL, sha256 BLOB, seen INTEGER NOT NULL,
            PRIMARY KEY(directory, name)) WITHOUT ROWID, STRICT;
        CREATE TABLE IF NOT EXISTS content(
            directory INTEGER NOT NULL, name BLOB NOT NULL, text BLOB NOT NULL,
            PRIMARY KEY(directory, name)) WITHOUT ROWID, STRICT;
        CREATE TABLE IF NOT EXISTS root(
            path BLOB PRIMARY KEY, taken INTEGER NOT NULL, scanned INTEGER NOT NULL) WITHOUT ROWID, STRICT;
        """

    /// The columns of a file's attributes, in the order in which `bind` and `read` have them.
    static let columns = """
        type, device, inode, generation, mode, uid, gid, size, mtime, ctime, btime, links, flags, target, acl, \
        capabilities, xattr, sha256, seen
        """
    static let columnCount: Int32 = 19

    /// Those that `statx(2)` tells too, in the order in which `readGlance` has them.
    static let glance = "type, device, inode, mode, uid, gid, size, mtime, ctime, links, flags"

    private static let types: [FileType] = [
        .unknown, .file, .directory, .symlink, .fifo, .socket, .characterDevice, .blockDevice,
    ]

    /// Binds the attributes to the parameters from `first` on.
    static func bind(_ attributes: FileAttributes, seen: UInt64, to statement: Statement, from first: Int32) {
        let flags: Int64 = (attributes.isImmutable ? 1 : 0) | (attributes.isAppendOnly ? 2 : 0)
        statement.bind(Int64(types.firstIndex(of: attributes.type) ?? 0), at: first)
        statement.bind(attributes.device, at: first + 1)
        statement.bind(attributes.inode, at: first + 2)
        statement.bind(Int64(attributes.generation), at: first + 3)
        statement.bind(Int64(attributes.mode), at: first + 4)
        statement.bind(Int64(attributes.owner), at: first + 5)
        statement.bind(Int64(attributes.group), at: first + 6)
        statement.bind(attributes.size, at: first + 7)
        statement.bind(attributes.modified, at: first + 8)
        statement.bind(attributes.changed, at: first + 9)
        statement.bind(attributes.born, at: first + 10)
        statement.bind(Int64(attributes.links), at: first + 11)
        statement.bind(flags, at: first + 12)
        if let target = attributes.linkTarget {
            statement.bind(target, at: first + 13)
        } else {
            statement.bindNull(at: first + 13)
        }
        statement.bind(attributes.acl, at: first + 14)
        statement.bind(attributes.capabilities, at: first + 15)
        statement.bind(attributes.extended, at: first + 16)
        if let digest = attributes.sha256 {
            digest.withBytes { statement.bind($0, at: first + 17) }
        } else {
            statement.bindNull(at: first + 17)
        }
        statement.bind(seen, at: first + 18)
    }

    /// Reads what is enough to see whether a file looks the same, from the columns from `first` on.
    static func readGlance(_ statement: Statement, from first: Int32) -> FileAttributes {
        func number(_ column: Int32) -> UInt32 {
            UInt32(truncatingIfNeeded: statement.integer(at: first + column))
        }
        var attributes = FileAttributes(
            type: type(statement.integer(at: first)), device: statement.unsigned(at: first + 1),
            inode: statement.unsigned(at: first + 2), mode: number(3), owner: number(4), group: number(5),
            size: statement.unsigned(at: first + 6), modified: statement.unsigned(at: first + 7),
            changed: statement.unsigned(at: first + 8), links: number(9))
        attributes.takeFlags(statement.integer(at: first + 10))
        return attributes
    }

    private static func type(_ number: Int64) -> FileType {
        let index = Int(truncatingIfNeeded: number)
        return types.indices.contains(index) ? types[index] : .unknown
    }

    /// Reads the attributes from the columns from `first` on.
    static func read(_ statement: Statement, from first: Int32) -> BaselineRecord {
        func number(_ column: Int32) -> UInt32 {
            UInt32(truncatingIfNeeded: statement.integer(at: first + column))
        }
        var attributes = FileAttributes(
            type: type(statement.integer(at: first)), device: statement.unsigned(at: first + 1),
            inode: statement.unsigned(at: first + 2),
            mode: number(4), owner: number(5), group: number(6), size: statement.unsigned(at: first + 7),
            modified: statement.unsigned(at: first + 8), changed: statement.unsigned(at: first + 9),
            born: statement.unsigned(at: first + 10), links: number(11))
        attributes.generation = number(3)
        attributes.takeFlags(statement.integer(at: first + 12))
        if !statement.isNull(at: first + 13) { attributes.linkTarget = statement.bytes(at: first + 13) }
        attributes.acl = statement.unsigned(at: first + 14)
        attributes.capabilities = statement.unsigned(at: first + 15)
        attributes.extended = statement.unsigned(at: first + 16)
        if !statement.isNull(at: first + 17) {
            attributes.sha256 = SHA256Digest(statement.bytes(at: first + 17).bytes)
        }
        return BaselineRecord(attributes: attributes, seen: statement.unsigned(at: first + 18))
    }
}

extension FileAttributes {
    fileprivate mutating func takeFlags(_ flags: Int64) {
        (isImmutable, isAppendOnly) = (flags & 1 != 0, flags & 2 != 0)
    }
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
