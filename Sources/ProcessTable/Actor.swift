package import EventModel
package import KernelDecoding

/// The process behind one file event, bound when the event is decoded; what it did before and after is told apart.
///
/// Owned by the thread that owns the table. Later evidence about the same image or process still counts.
package final class Actor {
    /// 0 while the source does not tell and audit has not.
    package fileprivate(set) var pid: Int32
    /// CLOCK_MONOTONIC nanoseconds: the event happened between these.
    package let notBefore: UInt64
    package let readAt: UInt64
    /// Position in the fanotify stream; 0 for other sources.
    let sequence: UInt64
    let wasAlive: Bool
    fileprivate(set) var process: TrackedProcess?
    fileprivate(set) var image: ProgramImage?
    /// The ids at the moment of the event, from the audit record of the very system call.
    package fileprivate(set) var recorded: AuditFacts?

    init(pid: Int32, notBefore: UInt64, readAt: UInt64, sequence: UInt64, wasAlive: Bool) {
        self.pid = pid
        self.notBefore = notBefore
        self.readAt = readAt
        self.sequence = sequence
        self.wasAlive = wasAlive
    }

    package var isJoined: Bool { recorded != nil }
}

extension ProcessTable {
    /// Finds out who `event` was caused by. The table must have seen everything of the process connector up to
    /// `event.readAt`.
    package func bind(_ event: FileEvent, sequence: UInt64) -> Actor {
        let actor = Actor(
            pid: event.pid, notBefore: event.notBefore, readAt: event.readAt, sequence: sequence,
            wasAlive: event.wasAlive)
        rebind(actor)
        return actor
    }

    /// Looks again, after more has been learnt.
    package func rebind(_ actor: Actor) {
        if actor.process?.successor != nil { (actor.process, actor.image) = (nil, nil) }
        guard actor.pid > 0, actor.process == nil || actor.image == nil else { return }
        var candidates = generation(of: actor.pid, from: actor.notBefore, to: actor.readAt)
        if candidates.count > 1, actor.wasAlive {
            candidates.removeAll { ($0.died ?? .max) < actor.readAt }
        }
        guard let process = candidates.only else { return }
        actor.process = process
        actor.image = process.image(for: actor)
    }

    /// Ties the event to what the kernel recorded for its system call; inotify's events get their process that way.
    package func join(_ actor: Actor, _ facts: AuditFacts) {
        actor.recorded = facts
        if actor.pid == 0 { actor.pid = facts.pid }
        rebind(actor)
    }

    /// The image is known and nothing that may still arrive would add to what is asked for.
    package func isSettled(_ actor: Actor, wantsAudit: Bool) -> Bool {
        guard let process = actor.process, let image = actor.image else { return false }
        guard image.executable.isKnown, process.credentials(for: actor).isKnown else { return false }
        // What `/proc` says may be the next program already.
        if connectorIsLive, image === process.image, process.execUnderWay(at: actor.readAt) != nil {
            return false
        }
        guard wantsAudit else { return true }
        return image.knowsArguments && loginUser(of: process, for: actor).isKnown
    }

    /// The joined record, when it is of the program in which the event happened: a shell opens the file, and what it
    /// executes then writes.
    private func recordOfEvent(_ actor: Actor) -> AuditFacts? {
        guard let facts = actor.recorded else { return nil }
        guard let process = actor.process, let image = actor.image else { return facts }
        if let next = process.image(after: image)?.execSerial, facts.serial.isAfter(next) { return nil }
        if let serial = image.execSerial { return facts.serial.isAfter(serial) ? facts : nil }
        // The record of the exec is missing: the clock tells, or the program itself.
        if process.beginning(of: image) <= earliest(of: facts) { return facts }
        return facts.executable == image.executable.value ? facts : nil
    }

    /// The ids at the event: those of the record, unless they changed after it and before the event.
    private func credentials(
        for actor: Actor, recorded facts: AuditFacts, heard: Attributed<Credentials>
    ) -> Attributed<Credentials> {
        guard let ids = facts.credentials else { return heard }
        let recorded = Attributed(ids, .exact, from: .audit)
        guard connectorIsLive, let process = actor.process, process.credentialsSince > earliest(of: facts)
        else { return recorded }
        guard let known = heard.value else { return process.credentials.value == ids ? recorded : .unknown }
        return known == ids ? recorded : heard
    }

    private func loginUser(of process: TrackedProcess, for actor: Actor) -> Attributed<LoginUser> {
        if let user = recordOfEvent(actor)?.loginUser { return Attributed(user, .exact, from: .audit) }
        return process.loginUser(
            from: actor.notBefore, to: actor.readAt, recordedUpTo: auditIsLive ? auditWatermark : 0)
    }

    /// Whether a look at the process now would tell more about it at the event.
    package func wantsAnotherLook(_ actor: Actor) -> Bool {
        guard let process = actor.process, process.died == nil else { return false }
        guard let image = actor.image, image.executable.isKnown, image.knowsArguments else { return true }
        return !auditIsLive && !loginUser(of: process, for: actor).isKnown
    }

    /// Whether what is still unknown is certain to be under way: records of audit from before the event, or the exit
    /// record of a program that nobody else has told of. On a busy host both may come late.
    package func expectsMore(of actor: Actor) -> Bool {
        if auditIsLive, auditWatermark < actor.readAt { return true }
        guard taskstatsIsLive, let process = actor.process, process.parentPid.value != Self.kernelThreads
        else { return false }
        return !(actor.image?.executable.isKnown ?? false) && !process.hasExitRecord
    }

    /// The parent of all kernel threads, which have no program.
    private static let kernelThreads: Int32 = 2

    /// Whether the process behind `actor` may still be looked at in `/proc`.
    package func isAlive(_ actor: Actor) -> Bool { actor.process.map { $0.died == nil } ?? actor.wasAlive }

    /// Everything that is known about who did it. `fileOwner` is the owner of a file that the event created: it
    /// tells which of two sets of ids the process had at that moment.
    package func describe(_ actor: Actor, fileOwner: FileOwner? = nil) -> Attribution {
        rebind(actor)
        var identity = ProcessIdentity(pid: actor.pid)
        var ancestors: [ProcessIdentity] = []
        if let process = actor.process {
            process.describe(into: &identity, image: actor.image)
            if connectorIsLive { process.withdrawDoubtful(from: &identity, actor: actor) }
            identity.loginUser = loginUser(of: process, for: actor)
            identity.credentials = process.credentials(for: actor, fileOwner: fileOwner)
            ancestors = sharedAncestors.share(process.lineage?.identities() ?? [])
        }
        if let facts = recordOfEvent(actor) {
            identity.take(facts)
            identity.credentials = credentials(for: actor, recorded: facts, heard: identity.credentials)
        }
        return Attribution(process: identity, ancestors: ancestors)
    }
}

extension TrackedProcess {
    fileprivate func describe(into identity: inout ProcessIdentity, image: ProgramImage?) {
        identity.start = start
        identity.parentPid = parentPid
        let isInherited = isOfBirth(imageSince) && image === self.image
        if let image {
            identity.executable = isInherited ? image.executable.inherited : image.executable
            identity.arguments = isInherited ? image.arguments.inherited : image.arguments
            identity.name = isInherited ? image.name.inherited : image.name
        }
        identity.loginSession = loginSession
        identity.terminal = terminal
        identity.workingDirectory = workingDirectory
        // A runtime moves its child into the container's cgroup before the exec: without a look at the new program
        // nobody knows whether it still lives where its parent does.
        let mayHaveMoved =
            container.provenance == .inherited && container.value == .host && !isOfBirth(imageSince)
        identity.container = mayHaveMoved ? .unknown : container
    }

    /// While an exec is under way, what `/proc` said since its beginning may be of either program.
    fileprivate func withdrawDoubtful(from identity: inout ProcessIdentity, actor: Actor) {
        guard let image = actor.image, image === self.image, image.snapshotPid == pid,
            let since = execUnderWay(at: actor.readAt), let window = image.snapshotWindow,
            window.upperBound >= since
        else { return }
        if identity.executable.source == .procfs { identity.executable = .unknown }
        if identity.arguments.source == .procfs { identity.arguments = .unknown }
        if identity.name.source == .procfs { identity.name = .unknown }
    }

    /// The image that an exec put in the place of `image`.
    fileprivate func image(after image: ProgramImage) -> ProgramImage? {
        guard let index = earlierImages.firstIndex(where: { $0.image === image }) else { return nil }
        return index + 1 < earlierImages.count ? earlierImages[index + 1].image : self.image
    }

    /// When the exec event of `image` was stamped.
    fileprivate func beginning(of image: ProgramImage) -> UInt64 {
        earlierImages.first { $0.image === image }?.since ?? imageSince
    }

    /// The image that ran when the event happened; `nil` when an exec in the same moment leaves two possible.
    fileprivate func image(for actor: Actor) -> ProgramImage? {
        if imageSince <= actor.notBefore { return image }
        var possible: [ProgramImage] = []
        for (index, earlier) in earlierImages.enumerated() {
            let until = index + 1 < earlierImages.count ? earlierImages[index + 1].since : imageSince
            if earlier.since <= actor.readAt, until >= actor.notBefore { possible.append(earlier.image) }
        }
        if imageSince <= actor.readAt { possible.append(image) }
        if possible.count <= 1 { return possible.first }
        guard actor.sequence != 0, !openedExecutables.isEmpty else { return nil }
        return imageByOrder(possible, actor: actor)
    }

    /// Uses the one order that is certain: that of executable opens and file events in one fanotify queue.
    private func imageByOrder(_ possible: [ProgramImage], actor: Actor) -> ProgramImage? {
        let later = openedExecutables.filter { $0.sequence > actor.sequence && !$0.path.isDynamicLoader }
        if later.isEmpty { return possible.last }
        let sooner = openedExecutables.filter { $0.sequence < actor.sequence && !$0.path.isDynamicLoader }
        for image in possible.reversed() {
            guard let path = image.executable.value else { continue }
            if later.contains(where: { $0.path == path }), !sooner.contains(where: { $0.path == path }) {
                continue
            }
            if sooner.contains(where: { $0.path == path }) { return image }
        }
        // No executable was opened before the event within the window: it ran in the oldest image.
        return sooner.isEmpty ? possible.first : nil
    }

    /// The ids when the event happened.
    fileprivate func credentials(for actor: Actor, fileOwner: FileOwner? = nil) -> Attributed<Credentials> {
        if earlierCredentials.isEmpty || credentialsSince <= actor.notBefore { return credentials }
        var possible: [Attributed<Credentials>] = []
        for (index, earlier) in earlierCredentials.enumerated() {
            let until =
                index + 1 < earlierCredentials.count ? earlierCredentials[index + 1].since : credentialsSince
            if earlier.since <= actor.readAt, until >= actor.notBefore { possible.append(earlier.value) }
        }
        if credentialsSince <= actor.readAt { possible.append(credentials) }
        if possible.count <= 1 { return possible.first ?? .unknown }
        guard let fileOwner else { return .unknown }
        let matching = possible.filter {
            $0.value?.effectiveUser == fileOwner.user && $0.value?.effectiveGroup == fileOwner.group
        }
        return matching.only ?? .unknown
    }
}

extension UInt32 {
    /// Whether this serial of audit was given out after `other`; they begin anew after the greatest.
    fileprivate func isAfter(_ other: UInt32) -> Bool { self != other && self &- other < 1 << 31 }
}

/// The owner of a file that an event created: the ids of its maker at that moment.
package struct FileOwner: Sendable {
    package var user: UInt32
    package var group: UInt32

    package init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}

extension ProcessIdentity {
    /// What the kernel recorded for the system call itself outranks what is known of the process. But for the ids.
    fileprivate mutating func take(_ facts: AuditFacts) {
        if let user = facts.loginUser { loginUser = Attributed(user, .exact, from: .audit) }
        if let session = facts.loginSession { loginSession = Attributed(session, .exact, from: .audit) }
        if let terminal = facts.terminal { self.terminal = Attributed(terminal, .exact, from: .audit) }
        if let path = facts.executable { executable = Attributed(path, .exact, from: .audit) }
        if let name = facts.name { self.name = Attributed(name, .exact, from: .audit) }
        if let parent = facts.parentPid { parentPid = Attributed(parent, .exact, from: .audit) }
        if let directory = facts.workingDirectory {
            workingDirectory = Attributed(directory, .exact, from: .audit)
        }
    }
}
