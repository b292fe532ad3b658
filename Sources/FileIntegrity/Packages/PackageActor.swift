internal import EventModel

/// The package manager that made a change, itself or through a process that it started.
struct PackageActor {
    var manager: PackageManager
    /// The process that made the change is a program of the manager.
    var isManager: Bool
    /// It is the one that unpacks packages.
    var isUnpacker: Bool
    /// One of the processes in between works on another database than the host's.
    var usesOtherDatabase: Bool
    var transaction: PackageTransaction
}

/// Recognises package managers among processes. One thread owns it.
///
/// A path proves nothing: the program must belong to a manager's package and have the content that the package says.
final class PackageActors {
    enum Finding {
        case actor(PackageActor)
        case somebodyElse
        /// The executable is not known, of the process or of all of its ancestors.
        case unknown
        /// A program of the manager is just being replaced.
        case notYet
    }

    private enum Trust {
        case manager(PackageManager)
        case stranger
        case notYet
    }

    private let stores: [any PackageStore]
    private let root: ByteString
    private let digest: FileDigest
    private var trusted: [ByteString: (stamp: FileStamp, manager: PackageManager?)] = [:]
    private static let maximumTrusted = 64
    private static let largestProgram: Int64 = 64 << 20

    init(stores: [any PackageStore], root: ByteString, digest: FileDigest) {
        self.stores = stores
        self.root = root
        self.digest = digest
    }

    /// Who of `attribution` manages packages.
    func find(in attribution: Attribution?, now: UInt64) -> Finding {
        guard let attribution, let executable = attribution.process.executable.value else { return .unknown }
        var (actor, isUncertain): (PackageActor?, Bool) = (nil, false)
        for (distance, process) in ([attribution.process] + attribution.ancestors).enumerated() {
            switch trust(process, now) {
            case .stranger: continue
            case .notYet: isUncertain = true
            case .manager(let manager):
                let isFirst = actor == nil && distance == 0
                var next =
                    actor
                    ?? PackageActor(
                        manager: manager, isManager: isFirst,
                        isUnpacker: isFirst && ManagerTable.isUnpacker(executable), usesOtherDatabase: false,
                        transaction: PackageTransaction(process))
                next.transaction = PackageTransaction(process)
                let arguments = process.arguments.value ?? []
                next.usesOtherDatabase = next.usesOtherDatabase || ManagerTable.usesOtherDatabase(arguments)
                actor = next
            }
        }
        return actor.map { .actor($0) } ?? (isUncertain ? .notYet : .somebodyElse)
    }

    private func trust(_ process: ProcessIdentity, _ now: UInt64) -> Trust {
        guard let executable = process.executable.value, ManagerTable.mayBeManager(executable),
            process.container.value.map({ $0 == .host }) ?? true
        else { return .stranger }
        guard ManagerTable.isInterpreter(executable) else { return trust(program: executable, now) }
        let words = (process.arguments.value ?? []).dropFirst()
        guard let script = words.first(where: { $0.bytes.first != UInt8(ascii: "-") }),
            ManagerTable.mayBeManager(script), !words.contains("-c"), !words.contains("-m")
        else { return .stranger }
        return trust(program: script, now)
    }

    private func trust(program: ByteString, _ now: UInt64) -> Trust {
        let path = program.below(root)
        guard let stamp = FileStamp(path: path, follows: false) else { return .stranger }
        if let known = trusted[program], known.stamp == stamp {
            return known.manager.map { .manager($0) } ?? .stranger
        }
        for store in stores {
            switch store.owner(of: program, now: now) {
            case .notYet: return .notYet
            case .formerly, .nobody: continue
            case .owned(let owned):
                let isManager = ManagerTable.isManager(owned.package.name, of: store.manager)
                if isManager, differs(path, from: owned.digest) {
                    // Its own package is being unpacked, or somebody has replaced it.
                    return store.isBusy ? .notYet : .stranger
                }
                remember(program, stamp, isManager ? store.manager : nil)
                return isManager ? .manager(store.manager) : .stranger
            }
        }
        return .stranger
    }

    private func differs(_ path: ByteString, from wanted: PackagedDigest?) -> Bool {
        wanted.map { digest.matches(path, $0, limit: Self.largestProgram) == false } ?? false
    }

    private func remember(_ program: ByteString, _ stamp: FileStamp, _ manager: PackageManager?) {
        if trusted.count >= Self.maximumTrusted { trusted.removeAll(keepingCapacity: true) }
        trusted[program] = (stamp, manager)
    }
}

extension FileDigest {
    /// Whether the file at `path` has the content that `wanted` is the digest of; `nil` when that cannot be told.
    func matches(_ path: ByteString, _ wanted: PackagedDigest, limit: Int64) -> Bool? {
        switch wanted {
        case .md5(let digest): md5(of: path, limit: limit).map { $0 == digest }
        case .sha256(let digest): sha256(of: path, limit: limit).map { $0 == digest }
        }
    }
}
