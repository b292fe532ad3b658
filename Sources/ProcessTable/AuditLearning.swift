internal import EventModel
package import KernelDecoding

extension ProcessTable {
    /// The slack between audit's coarse clock at syscall entry and the events that the same call caused.
    static let auditClockSlack: UInt64 = 20_000_000

    /// Takes over what the kernel recorded about a system call: exec images first of all. To be called in the order
    /// of the stream, logins included.
    ///
    /// - Returns: the facts, with the login user that records of io_uring leave out.
    @discardableResult
    package func apply(_ facts: AuditFacts) -> AuditFacts {
        let entry = monotonic(milliseconds: facts.milliseconds)
        raiseAuditWatermark(to: min(entry, facts.readAt))
        let earliest = earliest(of: facts)
        let processes = generation(of: facts.pid, from: earliest, to: facts.readAt)
        guard
            let process = processes.only ?? (processes.isEmpty ? existing(facts.pid, at: facts.readAt) : nil)
        else { return facts }
        learnIdentity(of: process, from: facts, earliest: earliest)
        if facts.arguments != nil, facts.success == true {
            learnExec(of: process, from: facts, earliest: earliest)
        } else if !facts.isUring, let path = facts.executable {
            learnProgram(of: process, path, from: facts, earliest: earliest)
        }
        var completed = facts
        completed.shareText(with: process)
        if facts.loginUser == nil, auditIsLive, process.loginUser.provenance == .exact {
            completed.loginUser = process.loginUser.value
        }
        return completed
    }

    /// What ran when the record was made.
    private func learnProgram(
        of process: TrackedProcess, _ path: ByteString, from facts: AuditFacts, earliest: UInt64
    ) {
        guard let image = process.onlyImage(from: earliest, to: facts.readAt) else { return }
        if image.executable.provenance != .exact {
            image.learn(executable: Attributed(path, .exact, from: .audit))
        } else if image.executable.value != path, process.isOfBirth(process.imageSince) {
            // A sibling made it (CLONE_PARENT), not the parent that the connector names: its program is another one.
            process.image = ProgramImage()
            process.image.learn(executable: Attributed(path, .exact, from: .audit))
            process.forgetLineageForChildren()
        }
    }

    /// A process was given its login user.
    package func apply(_ login: AuditLogin) {
        let time = monotonic(milliseconds: login.id.milliseconds)
        let window = min(time, login.readAt)...max(time, login.readAt)
        guard login.success != false,
            let process = generation(of: login.pid, from: window.lowerBound, to: window.upperBound).only
        else { return }
        if let user = login.user {
            process.setLoginUser(Attributed(user, .exact, from: .audit), in: window)
        }
        if let session = login.session { process.loginSession = Attributed(session, .exact, from: .audit) }
    }

    /// The latest stamp, milliseconds on CLOCK_REALTIME, of a record of a system call that was under way at `time`.
    package func auditStamp(after time: UInt64) -> UInt64 {
        (time &+ realtimeOffset &+ Self.auditClockSlack) / 1_000_000
    }

    /// No later than the system call of `facts` began, CLOCK_MONOTONIC nanoseconds.
    func earliest(of facts: AuditFacts) -> UInt64 {
        let entry = monotonic(milliseconds: facts.milliseconds)
        return entry > Self.auditClockSlack ? entry - Self.auditClockSlack : 0
    }

    private func monotonic(milliseconds: UInt64) -> UInt64 {
        let realtime = milliseconds &* 1_000_000
        return realtime > realtimeOffset ? realtime - realtimeOffset : 0
    }

    private func learnIdentity(of process: TrackedProcess, from facts: AuditFacts, earliest: UInt64) {
        // Nearly every record repeats what is known: that must cost little.
        if let parent = facts.parentPid, process.parentPid.provenance != .exact {
            process.parentPid.improve(with: Attributed(parent, .exact, from: .audit))
        }
        if let user = facts.loginUser {
            let window = earliest...max(earliest, facts.readAt)
            if !process.sawLoginUser(user, in: window) {
                process.observeLoginUser(Attributed(user, .exact, from: .audit), in: window)
            }
        }
        if let session = facts.loginSession, process.loginSession.value != session {
            process.loginSession = Attributed(session, .exact, from: .audit)
        }
        if let terminal = facts.terminal, process.terminal.value != terminal {
            process.terminal = Attributed(terminal, .exact, from: .audit)
        }
        if let ids = facts.credentials, !process.credentials.isKnown {
            process.setCredentials(Attributed(ids, .exact, from: .audit), at: facts.readAt)
        }
    }

    private func learnExec(of process: TrackedProcess, from facts: AuditFacts, earliest: UInt64) {
        guard let image = process.unauditedImage(from: earliest, to: facts.readAt) else { return }
        image.execSerial = facts.serial
        if let path = facts.executable { image.learn(executable: Attributed(path, .exact, from: .audit)) }
        if let arguments = facts.arguments, !facts.isIncomplete {
            image.learn(arguments: Attributed(arguments, .exact, from: .audit))
        }
        if let name = facts.name { image.learn(name: Attributed(name, .exact, from: .audit)) }
        if let directory = facts.workingDirectory {
            process.workingDirectory = Attributed(directory, .exact, from: .audit)
        }
    }
}

extension AuditFacts {
    /// Uses the process's copies of the texts that both have: thousands of records are remembered.
    fileprivate mutating func shareText(with process: TrackedProcess) {
        if executable == process.image.executable.value { executable = process.image.executable.value }
        if name == process.image.name.value { name = process.image.name.value }
        if workingDirectory == process.workingDirectory.value {
            workingDirectory = process.workingDirectory.value
        }
        if terminal == process.terminal.value { terminal = process.terminal.value }
    }
}

extension TrackedProcess {
    /// The oldest image whose exec event lies in the window and that no audit record has been matched with. With
    /// the connector silent there is only the present image.
    fileprivate func unauditedImage(from: UInt64, to: UInt64) -> ProgramImage? {
        for earlier in earlierImages where earlier.since >= from && earlier.since <= to {
            if earlier.image.execSerial == nil, !isOfBirth(earlier.since) { return earlier.image }
        }
        guard imageSince <= to, image.execSerial == nil, !isOfBirth(imageSince) else { return nil }
        return image
    }

    /// The image of the whole window, or `nil` when an exec falls into it.
    func onlyImage(from: UInt64, to: UInt64) -> ProgramImage? {
        if imageSince <= from { return image }
        guard let earlier = earlierImages.last, imageSince > to, earlier.since <= from else { return nil }
        return earlier.image
    }
}
