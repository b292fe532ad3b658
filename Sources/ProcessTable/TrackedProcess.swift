internal import EventModel

/// One process from birth to a minute after death. Owned by the thread that owns the table.
package final class TrackedProcess {
    package let pid: Int32
    /// CLOCK_MONOTONIC nanoseconds of the fork; 0 for processes older than the sensor.
    let born: UInt64
    /// CLOCK_MONOTONIC nanoseconds of the exit event, while the entry is kept.
    package internal(set) var died: UInt64?
    /// Nanoseconds since boot (CLOCK_BOOTTIME).
    package internal(set) var start: UInt64?
    var parentPid: Attributed<Int32> = .unknown
    var lineage: Lineage?

    /// The present image, and when its exec event was stamped (0: at birth).
    package internal(set) var image: ProgramImage
    var imageSince: UInt64 = 0
    /// Images before the present one, oldest first.
    var earlierImages: [(since: UInt64, image: ProgramImage)] = []
    /// Executables opened for exec and not yet tied to an image, in the order of the fanotify queue.
    var openedExecutables: [OpenedExecutable] = []

    var credentials: Attributed<Credentials> = .unknown
    var credentialsSince: UInt64 = 0
    var earlierCredentials: [(since: UInt64, value: Attributed<Credentials>)] = []
    private var logins = LoginHistory()
    var loginSession: Attributed<LoginSession> = .unknown
    var terminal: Attributed<ByteString> = .unknown
    var workingDirectory: Attributed<ByteString> = .unknown
    var container: Attributed<ContainerPlacement> = .unknown
    /// The whole process is known to have ended, and not only its first thread.
    var hasExitRecord = false
    /// An earlier process with the same pid that is still remembered.
    var previous: TrackedProcess?
    /// When a process without a birth was first heard of, CLOCK_MONOTONIC nanoseconds.
    let foundAt: UInt64?
    /// The same process, once its birth is known: it takes this one's place.
    var successor: TrackedProcess?
    /// The link that children forked now will share; dropped when the image or the ids change.
    private var ownLineage: Lineage?

    init(pid: Int32, born: UInt64, image: ProgramImage) {
        self.pid = pid
        self.born = born
        self.image = image
        foundAt = nil
    }

    /// A process whose birth was not heard of, or not yet.
    init(pid: Int32, foundAt: UInt64) {
        self.pid = pid
        born = 0
        image = ProgramImage()
        self.foundAt = foundAt
    }

    /// Takes over what was learnt of this process before its birth was heard of.
    func takePlace(of early: TrackedProcess) {
        early.successor = self
        previous = early.previous
        openedExecutables = early.openedExecutables
        // An exec that is heard of later tells whether the snapshot was taken after it.
        if early.image.snapshotWindow != nil { image = early.image }
        // What was read of the process itself outranks what it has from its parent.
        if early.credentials.isKnown { credentials = early.credentials }
        if early.logins.present.isKnown { logins = early.logins }
        if early.container.isKnown { container = early.container }
        loginSession.improve(with: early.loginSession)
        terminal.improve(with: early.terminal)
        workingDirectory.improve(with: early.workingDirectory)
    }

    /// Bytes of arguments that are worth forgetting.
    private static let longArguments = 256

    var longArgumentBytes: Int {
        let sizes = earlierImages.map(\.image.argumentBytes) + [image.argumentBytes]
        return sizes.reduce(0) { $1 > Self.longArguments ? $0 + $1 : $0 }
    }

    /// Of a dead process; what a living one shares with it stays.
    func forgetLongArguments() {
        ownLineage = nil
        if isKnownUniquelyReferenced(&image), image.argumentBytes > Self.longArguments {
            image.forgetArguments()
        }
        for index in earlierImages.indices
        where isKnownUniquelyReferenced(&earlierImages[index].image)
            && earlierImages[index].image.argumentBytes > Self.longArguments
        {
            earlierImages[index].image.forgetArguments()
        }
    }

    /// Nanoseconds from the moment at which `/proc` shows a new program to its exec event, with much to spare: a disk
    /// may have to be read in between.
    static let execDelay: UInt64 = 50_000_000

    /// Whether the image of that time is the parent's, shared at fork: somebody else executed it.
    func isOfBirth(_ since: UInt64) -> Bool { born != 0 && since == born }

    /// The process as its children will remember it.
    func lineageForChildren() -> Lineage {
        if let ownLineage { return ownLineage }
        let state = ProcessState(
            pid: pid, start: start, image: image, credentials: credentials, loginUser: loginUser)
        let link = Lineage(process: state, parent: lineage)
        ownLineage = link
        return link
    }

    func forgetLineageForChildren() { ownLineage = nil }

    /// Starts a new image at `time`; what belonged to the old one stays reachable for late events.
    func exec(at time: UInt64) {
        let old = image
        let fresh = ProgramImage()
        if old.snapshotPid == pid, let window = old.snapshotWindow, time > imageSince {
            if time < window.lowerBound {
                fresh.adoptSnapshot(of: old)
                old.revokeSnapshot()
            } else if window.contains(time) {
                old.revokeSnapshot()
            } else if time - window.upperBound < Self.execDelay {
                fresh.doubtSnapshot(of: old)
            }
        }
        earlierImages.append((imageSince, old))
        if earlierImages.count > 8 { earlierImages.removeFirst() }
        image = fresh
        imageSince = time
        forgetLineageForChildren()
    }

    /// The login user as it was last heard of.
    var loginUser: Attributed<LoginUser> { logins.present }

    /// The login user of the parent, at birth.
    func inheritLoginUser(_ value: Attributed<LoginUser>) { logins.inherit(value) }

    /// What was in force at some moment in `window`, as it was read or recorded of this process.
    func observeLoginUser(_ value: Attributed<LoginUser>, in window: ClosedRange<UInt64>) {
        if logins.observe(value, in: window) { forgetLineageForChildren() }
    }

    /// Whether `user` is the one that was known, and exactly; it has been seen once more, in `window`.
    func sawLoginUser(_ user: LoginUser, in window: ClosedRange<UInt64>) -> Bool {
        logins.see(user, in: window)
    }

    /// It was set at some moment in `window`.
    func setLoginUser(_ value: Attributed<LoginUser>, in window: ClosedRange<UInt64>) {
        logins.set(value, in: window)
        forgetLineageForChildren()
    }

    /// The login user when an event between `from` and `to` happened.
    ///
    /// A value counts when it was seen before and after the event; or before, when every change until `recordedUpTo`
    /// has been recorded, or in a process that may not change it, or that did not change its ids since: programs that
    /// log people in do both.
    func loginUser(from: UInt64, to: UInt64, recordedUpTo: UInt64) -> Attributed<LoginUser> {
        logins.value(from: from, to: to) { seen in
            recordedUpTo >= to || !mayHaveChangedLogin(since: seen ?? born, wasLookedAt: seen != nil)
        }
    }

    /// Setting it takes privilege, or being the first to. A look is trusted on as long as the ids stay.
    private func mayHaveChangedLogin(since time: UInt64, wasLookedAt: Bool) -> Bool {
        if credentialsSince > time { return true }
        guard !wasLookedAt else { return false }
        guard case .user? = loginUser.value, let ids = credentials.value else { return true }
        return ids.effectiveUser == 0
    }

    /// Since when an exec is under way whose event has not been heard of: an executable was opened after the present
    /// image's exec event. `nil` when there is none, or when it must have failed, a second before `time`.
    func execUnderWay(at time: UInt64) -> UInt64? {
        guard died == nil, let last = openedExecutables.last, last.notBefore > imageSince else { return nil }
        return last.readAt &+ 1_000_000_000 > time ? last.notBefore : nil
    }

    /// Ids that are not known changed: what becomes known later counts from then on only.
    func loseCredentials(at time: UInt64) {
        if earlierCredentials.isEmpty { earlierCredentials.append((credentialsSince, .unknown)) }
        credentialsSince = time
    }

    func setCredentials(_ value: Attributed<Credentials>, at time: UInt64) {
        guard value.value != credentials.value else {
            credentials.improve(with: value)
            credentialsSince = min(credentialsSince, time)
            return
        }
        if credentials.isKnown {
            earlierCredentials.append((credentialsSince, credentials))
            if earlierCredentials.count > 8 { earlierCredentials.removeFirst() }
            credentialsSince = time
        }
        credentials = value
        forgetLineageForChildren()
    }
}

/// A file that was opened for execution, as fanotify saw it.
struct OpenedExecutable {
    /// Position in the fanotify stream.
    var sequence: UInt64
    var path: ByteString
    var inode: UInt64?
    /// It was opened between these, CLOCK_MONOTONIC nanoseconds.
    var notBefore: UInt64
    var readAt: UInt64
}
