internal import EventModel

/// Compares what a change left with what a package says.
struct ChangeJudge {
    typealias Finding = (judgement: PackageVerdict.Judgement, reason: PackageVerdict.Reason)

    let change: FileChange
    /// `nil` when it is not known who made the change.
    let actor: PackageActor?
    let root: ByteString
    let digest: FileDigest
    /// Larger files are not read.
    let digestLimit: Int64

    private var isManager: Bool { actor?.isManager ?? false }
    private var path: ByteString { change.path.below(root) }
    private var isRemoval: Bool { change.kind == .deleted || change.kind == .transient }

    /// - Returns: final when `isFinal` is; else what would be held against it may still come right.
    func judge(_ owner: PathOwner) -> (finding: Finding, isFinal: Bool)? {
        switch owner {
        case .notYet: nil
        case .owned(let owned): judge(owned)
        case .formerly(_, let isCurrent): judgeFormer(isCurrent)
        case .nobody: judgeUnowned()
        }
    }

    private func judge(_ owned: OwnedPath) -> (finding: Finding, isFinal: Bool) {
        guard let found = FileStamp(path: path, follows: false) else {
            guard isRemoval else { return ((.attributed, .noDigest), false) }
            let mayGo = owned.isConfiguration || owned.isGhost
            return mayGo ? ((.attributed, .configuration), false) : ((.unexpected, .missing), false)
        }
        if owned.type.map({ $0 != found.type }) ?? (owned.digest != nil && found.type != .file) {
            return ((.unexpected, .typeDiffers), false)
        }
        guard found.type == .file else { return judgeListed(owned) }
        guard let wanted = owned.digest, let matches = matches(wanted) else {
            return ((.attributed, owned.isConfiguration ? .configuration : .noDigest), false)
        }
        if matches {
            guard isManager || change.kind != .attributes else {
                return ((.attributed, .attributesOnly), true)
            }
            return ((actor == nil ? .attributed : .expected, .contentMatches), true)
        }
        let mayDiffer = owned.isConfiguration || owned.isGhost
        return mayDiffer ? ((.attributed, .configuration), false) : ((.unexpected, .contentDiffers), false)
    }

    private func judgeListed(_ owned: OwnedPath) -> (finding: Finding, isFinal: Bool) {
        if let wanted = owned.linkTarget, let target = LinkTarget.read(path), target != wanted {
            return ((.unexpected, .contentDiffers), false)
        }
        return ((isManager ? .expected : .attributed, .listed), true)
    }

    private func judgeFormer(_ isCurrent: Bool) -> (finding: Finding, isFinal: Bool)? {
        if isRemoval, FileStamp(path: path, follows: false) == nil {
            return ((isManager ? .expected : .attributed, .removed), true)
        }
        return isCurrent ? judgeUnowned() : nil
    }

    /// Only the program that unpacks writes nothing but what packages have. What is gone may have been a file of a
    /// package that came and went since the database was looked through.
    private func judgeUnowned() -> (finding: Finding, isFinal: Bool) {
        guard let actor, actor.isManager, !isRemoval else { return ((.attributed, .notOwned), true) }
        return ((actor.isUnpacker ? .unexpected : .attributed, .notOwned), false)
    }

    /// The digest that the baseline took is used where it is of the right kind.
    private func matches(_ wanted: PackagedDigest) -> Bool? {
        if case .sha256(let wanted) = wanted, let known = change.after?.sha256 { return known == wanted }
        return digest.matches(path, wanted, limit: digestLimit)
    }

    /// Of a scratch file of the manager beside a file of a package.
    func judge(_ scratch: ScratchName) -> (finding: Finding, isFinal: Bool) {
        guard scratch.isTemporary else { return ((.attributed, .configuration), true) }
        let isGone = FileStamp(path: path, follows: false) == nil
        return isGone && isManager ? ((.expected, .temporary), true) : ((.attributed, .temporary), isGone)
    }
}
