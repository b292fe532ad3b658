internal import EventModel
internal import Glibc

/// dpkg's database, of which only what a question needs is read. One thread owns it.
///
/// dpkg writes it while it works: a package's list and digests come into place when its files are unpacked, its
/// stanza is noted in `updates` and goes to `status` at the end.
final class DpkgDatabase: PackageStore {
    let manager = PackageManager.dpkg
    private let directory: ByteString
    private let info: ByteString
    private let lists: DpkgFileLists
    private let status: DpkgStatus
    private let log: DpkgLog
    private let keys: PathKeys
    private var diversions: Diversions
    private var history: OwnerHistory
    private var stanzas: [(package: ByteString, stanza: DpkgStanza?)] = []
    private var stanzaStamp: [FileStamp?] = []

    /// - Parameters:
    ///   - root: where the host's root directory is.
    ///   - scratch: a directory for a file without a name, of some megabytes.
    /// - Returns: `nil` when the host has no such database.
    init?(root: ByteString, scratch: ByteString) {
        directory = ByteString("/var/lib/dpkg").below(root)
        info = directory.appending("info")
        guard FileStamp(path: info)?.type == .directory else { return nil }
        history = OwnerHistory(scratch: scratch)
        let reader = LineReader()
        keys = PathKeys(root: root)
        lists = DpkgFileLists(directory: info, reader: reader, keys: keys)
        status = DpkgStatus(directory: directory, reader: reader, keys: keys)
        diversions = Diversions(directory: directory, reader: reader)
        log = DpkgLog(file: ByteString("/var/log/dpkg.log").below(root), reader: reader)
    }

    private var stamp: [FileStamp?] { [FileStamp(path: info)] }

    func prepare(now: UInt64) {
        history.update(stamp, now) { scratch in
            let (packages, bytes) = packages()
            return OwnerIndex.build(of: packages, bytes: bytes, in: scratch) { position, body in
                lists.forEachKey(of: packages[position]) { key in
                    body(key)
                    return true
                }
            }
        }
    }

    /// The packages that have lists, and how many bytes the lists have together.
    private func packages() -> (names: [ByteString], bytes: Int) {
        let names = DirectoryNames.list(info, suffix: ".list", limit: OwnerIndex.maximumPackages)
        let bytes = names.reduce(0) { sum, name in
            let size = FileStamp(path: info.appending(name).appending(suffix: ".list"))?.size ?? 0
            return min(sum + Int(clamping: min(size, 1 << 30)), 1 << 40)
        }
        return (names, bytes)
    }

    var unindexed: Int { history.unindexed }

    func trim() {
        lists.removeAll()
        stanzas = []
    }

    func owner(of path: ByteString, now: UInt64) -> PathOwner {
        if history.isEmpty { prepare(now: now) }
        let first = lookUp(path)
        if case .owned = first { return first }
        if history.isCurrent(stamp) { return first }
        if history.isPausing(now) {
            guard case .formerly(let package, _) = first else { return .notYet }
            return .formerly(package, isCurrent: false)
        }
        prepare(now: now)
        return lookUp(path)
    }

    private func lookUp(_ path: ByteString) -> PathOwner {
        let source = diversions.source(of: path)
        let key = keys.key(source?.path ?? path)
        let candidates = history.packages(of: key).filter { package in
            source?.isContent(of: package.packageName) ?? true
        }
        for package in candidates {
            guard let digest = lists.digest(of: key, in: package) else { continue }
            return .owned(owned(key, package, digest))
        }
        return candidates.first.map { .formerly(formerIdentity(of: $0), isCurrent: true) } ?? .nobody
    }

    private func owned(_ key: UInt64, _ package: ByteString, _ digest: MD5Digest?) -> OwnedPath {
        let stanza = stanza(of: package)
        let identity = stanza?.identity ?? PackageIdentity(name: package.packageName)
        guard let configuration = stanza?.configuration[key] else {
            return OwnedPath(package: identity, digest: digest.map { .md5($0) })
        }
        return OwnedPath(
            package: identity, digest: (configuration ?? digest).map { .md5($0) }, isConfiguration: true)
    }

    private func formerIdentity(of package: ByteString) -> PackageIdentity {
        if let stanza = stanza(of: package), stanza.identity.version != nil { return stanza.identity }
        let former = log.formerVersion(of: package)
        return PackageIdentity(
            name: package.packageName, version: former?.version, architecture: former?.architecture)
    }

    /// Of the last packages; forgotten when dpkg has written meanwhile.
    private func stanza(of package: ByteString) -> DpkgStanza? {
        let stamp = status.stamp
        if stamp != stanzaStamp { stanzas.removeAll() }
        stanzaStamp = stamp
        if let known = stanzas.first(where: { $0.package == package }) { return known.stanza }
        let stanza = status.stanza(of: package)
        if stanzas.count >= 16 { stanzas.removeFirst() }
        stanzas.append((package, stanza))
        return stanza
    }

    /// dpkg holds it while it works, and apt while dpkg does not.
    var isBusy: Bool { FileLock.isHeld(directory.appending("lock")) }

    var lastTransaction: UInt64 { max(status.modified, FileStamp(path: log.file)?.changed ?? 0) }
}

extension ByteString {
    /// `curl` of `curl:amd64`.
    var packageName: ByteString { ByteString(Array(bytes.prefix { $0 != UInt8(ascii: ":") })) }
}

/// Nanoseconds on CLOCK_MONOTONIC.
func monotonicTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
