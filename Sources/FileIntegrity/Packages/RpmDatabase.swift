internal import CPackages
internal import EventModel
internal import Glibc

/// rpm's database in its SQLite form (rpm 4.16 and later). One thread owns it.
///
/// A package's header comes when its files are in place, and goes before they do.
final class RpmDatabase: PackageStore {
    let manager = PackageManager.rpm
    private let file: ByteString
    private let lock: ByteString
    private let keys: PathKeys
    private var tables: RpmTables?
    private var opened: [FileStamp?] = []
    private var history: OwnerHistory

    /// Where distributions have it, the newer place first.
    private static let places: [ByteString] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"]

    /// - Parameters:
    ///   - root: where the host's root directory is.
    ///   - scratch: a directory for a file without a name, of some megabytes.
    /// - Returns: `nil` when the host has no such database.
    init?(root: ByteString, scratch: ByteString) {
        let directories = Self.places.map { $0.below(root) }
        let isThere = { (directory: ByteString) in
            FileStamp(path: directory.appending("rpmdb.sqlite"))?.type == .file
        }
        guard let directory = directories.first(where: isThere) else { return nil }
        file = directory.appending("rpmdb.sqlite")
        lock = directory.appending(".rpm.lock")
        keys = PathKeys(root: root)
        history = OwnerHistory(scratch: scratch)
    }

    /// A database of the host's in a form that is not read; `nil` for none.
    static func otherForm(root: ByteString) -> String? {
        let forms = [("Packages", "Berkeley DB"), ("Packages.db", "NDB")]
        for place in Self.places {
            for (name, form) in forms {
                let path = place.appending(ByteString(name))
                guard FileStamp(path: path.below(root))?.type == .file else { continue }
                return "rpm's database is in \(form) form: \(path.text)"
            }
        }
        return nil
    }

    private var stamp: [FileStamp?] {
        [FileStamp(path: file), FileStamp(path: file.appending(suffix: "-wal"))]
    }

    /// Opened again when the files have changed: without a log they are read as if they never did.
    private func current() -> RpmTables? {
        let stamp = stamp
        if stamp != opened || tables == nil {
            tables = nil
            tables = RpmTables(file: file)
            opened = stamp
        }
        return tables
    }

    func prepare(now: UInt64) {
        guard let tables = current() else { return }
        let stamp = opened
        history.update(stamp, now) { scratch in
            var packages: [(number: Int64, label: ByteString)] = []
            var bytes = 0
            for number in tables.packages(limit: OwnerIndex.maximumPackages) {
                let label = tables.withHeader(of: number) { header in
                    // As many bytes a path as the index reckons with.
                    bytes += header.fileCount * 48
                    return header.identity?.label
                }
                if let label { packages.append((number, label)) }
            }
            return OwnerIndex.build(of: packages.map(\.label), bytes: bytes, in: scratch) { position, body in
                _ = tables.withHeader(of: packages[position].number) { header -> Bool? in
                    header.forEachPath { directory, name in body(keys.key(directory, name)) }
                    return nil
                }
            }
        }
    }

    func owner(of path: ByteString, now: UInt64) -> PathOwner {
        for spelling in keys.spellings(of: path) {
            if let owned = owned(spelling) { return .owned(owned) }
        }
        let former = history.packages(of: keys.key(path)).first
        guard let former else {
            prepare(now: now)
            return .nobody
        }
        return .formerly(PackageIdentity(label: former), isCurrent: true)
    }

    private func owned(_ path: ByteString) -> OwnedPath? {
        guard let tables = current() else { return nil }
        let name = path.lastComponent
        let directory = ByteString(Array(path.bytes.dropLast(name.count)))
        for (package, file) in tables.owners(name: name, directory: directory) {
            let owned = tables.withHeader(of: package) { $0.owned(file, path: path) }
            if let owned { return owned }
        }
        return nil
    }

    var isBusy: Bool { FileLock.isHeld(lock) }

    var lastTransaction: UInt64 { stamp.compactMap { $0?.changed }.max() ?? 0 }

    var unindexed: Int { history.unindexed }

    func trim() { tables = nil }
}

extension PackageIdentity {
    private static let separator = UInt8(ascii: " ")

    /// Name, version and architecture in one text.
    fileprivate var label: ByteString {
        let parts = [name, version ?? ByteString(), architecture ?? ByteString()]
        return ByteString(Array(parts.map(\.bytes).joined(separator: [Self.separator])))
    }

    fileprivate init(label: ByteString) {
        let parts = label.bytes.split(separator: Self.separator, omittingEmptySubsequences: false)
        let part = { (index: Int) in
            index < parts.count && !parts[index].isEmpty ? ByteString(Array(parts[index])) : nil
        }
        self.init(name: part(0) ?? ByteString(), version: part(1), architecture: part(2))
    }
}
