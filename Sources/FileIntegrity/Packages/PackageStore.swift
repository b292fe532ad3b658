internal import EventModel

/// The digest that a package has of a file.
enum PackagedDigest: Equatable {
    case md5(MD5Digest)
    case sha256(SHA256Digest)
}

/// What a package says of one of its paths.
struct OwnedPath: Equatable {
    var package: PackageIdentity
    var digest: PackagedDigest?
    /// It is there to be changed by people.
    var isConfiguration = false
    /// `nil` where the database does not tell.
    var type: FileType?
    /// The package names the path but does not bring it (rpm's ghosts).
    var isGhost = false
    var linkTarget: ByteString?
}

enum PathOwner: Equatable {
    case owned(OwnedPath)
    /// The package had it, and has it no longer; another one may when `isCurrent` is not.
    case formerly(PackageIdentity, isCurrent: Bool)
    case nobody
    /// The database has changed since it was looked through, which is not done again so soon.
    case notYet
}

/// The database of one package manager. One thread owns it.
protocol PackageStore: AnyObject {
    var manager: PackageManager { get }
    /// Who has `path`, at `now`: nanoseconds since 1970.
    func owner(of path: ByteString, now: UInt64) -> PathOwner
    /// Whether a transaction is running.
    var isBusy: Bool { get }
    /// When the last transaction ended, as far as the database's files tell: nanoseconds since 1970.
    var lastTransaction: UInt64 { get }
    /// Looks the database through when that is due, so that the first change does not wait for it.
    func prepare(now: UInt64)
    /// Paths that the table of who may have what has no room for: packages are not found by them.
    var unindexed: Int { get }
    /// Frees what is kept of the last packages.
    func trim()
}
