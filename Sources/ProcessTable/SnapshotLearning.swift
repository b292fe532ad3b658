internal import EventModel
internal import KernelDecoding

extension TrackedProcess {
    /// Takes over what `/proc` said, as far as nothing changed while it was read.
    ///
    /// - Parameter hearsEvents: whether the process connector tells of every exec and every change of ids; then a
    ///   snapshot that differs was read while one was under way, and the event that is still to come decides.
    func learn(
        from snapshot: ProcessSnapshot, hearsEvents: Bool, placement: ProcessTable.PlacementResolver
    ) {
        // A scan makes up for events that were lost.
        let defers = hearsEvents && snapshot.reason != .scan
        if start == nil { start = snapshot.start }
        if let parent = snapshot.parentPid {
            parentPid.improve(with: Attributed(parent, .snapshot, from: .procfs))
        }
        if let ids = snapshot.credentials, credentialsSince <= snapshot.begin,
            !defers || !credentials.isKnown || credentials.value == ids
        {
            setCredentials(Attributed(ids, .snapshot, from: .procfs), at: snapshot.begin)
        }
        if let user = snapshot.loginUser {
            observeLoginUser(Attributed(user, .snapshot, from: .procfs), in: snapshot.window)
        }
        if let session = snapshot.loginSession {
            loginSession.improve(with: Attributed(session, .snapshot, from: .procfs))
        }
        if let number = snapshot.terminalNumber {
            terminal.improve(with: Attributed(Self.terminalName(number), .snapshot, from: .procfs))
        }
        if let directory = snapshot.workingDirectory {
            workingDirectory.improve(with: Attributed(directory, .snapshot, from: .procfs))
        }
        if snapshot.cgroup != nil {
            let place = placement(snapshot)
            if place.isKnown { container = place }
        }
        learnImage(from: snapshot, defers: defers)
    }

    /// An exec shows in `/proc` somewhat before its event is sent, and is heard of later still.
    private func learnImage(from snapshot: ProcessSnapshot, defers: Bool) {
        if imageSince > snapshot.begin {
            learnEarlierImage(from: snapshot)
            return
        }
        let wasKnown = image.executable.isKnown
        if let path = snapshot.executable {
            if let known = image.executable.value, known != path {
                if defers { return }
                // An exec whose event was lost.
                exec(at: snapshot.begin)
            }
            // The parent's program, which may be another one.
            if defers, !image.executable.isKnown, isOfBirth(imageSince) { return }
            image.learn(executable: Attributed(path, .snapshot, from: .procfs))
        } else if defers {
            return
        }
        if let device = snapshot.executableDevice, let inode = snapshot.executableInode {
            image.executableFile = ExecutableFile(device: device, inode: inode)
        }
        // The first look tells what was executed: programs write over their arguments.
        if let arguments = snapshot.arguments, !arguments.isEmpty, !snapshot.argumentsTruncated,
            !image.knowsArguments
        {
            image.learn(arguments: Attributed(arguments, .snapshot, from: .procfs))
        }
        if let name = snapshot.name { image.learn(name: Attributed(name, .snapshot, from: .procfs)) }
        if !wasKnown || image.snapshotPid == pid { image.noteSnapshot(of: pid, in: snapshot.window) }
    }

    /// A snapshot that was read before the present image's exec event but arrives after it. It may show the present
    /// one already, and the image before that may be the parent's too.
    private func learnEarlierImage(from snapshot: ProcessSnapshot) {
        guard snapshot.end < imageSince, let earlier = earlierImages.last, earlier.since <= snapshot.begin,
            !isOfBirth(earlier.since), !earlier.image.executable.isKnown,
            let path = snapshot.executable, let present = image.executable.value, path != present
        else { return }
        earlier.image.learn(executable: Attributed(path, .snapshot, from: .procfs))
        if let arguments = snapshot.arguments, !arguments.isEmpty, !snapshot.argumentsTruncated {
            earlier.image.learn(arguments: Attributed(arguments, .snapshot, from: .procfs))
        }
    }

    /// `pts/N` for 136 to 143, `ttyN` for 4, empty without a terminal.
    private static func terminalName(_ number: UInt32) -> ByteString {
        guard number != 0 else { return "" }
        let major = (number >> 8) & 0xfff
        let minor = (number & 0xff) | ((number >> 12) & 0xfff00)
        switch major {
        case 136...143: return ByteString("pts/\((major - 136) * 256 + minor)")
        case 4 where minor < 64: return ByteString("tty\(minor)")
        case 4: return ByteString("ttyS\(minor - 64)")
        default: return ByteString("char \(major):\(minor)")
        }
    }
}

extension ProcessSnapshot {
    /// When the process started, nanoseconds since boot; USER_HZ is 100 on every architecture that we run on.
    var start: UInt64? { startTicks.map { $0 &* 10_000_000 } }

    /// When it was read.
    var window: ClosedRange<UInt64> { begin...max(begin, end) }
}

extension ByteString {
    /// `ld-linux-x86-64.so.2`, `ld-musl-x86_64.so.1`, `ld-2.31.so`: opened by every dynamic program's exec.
    var isDynamicLoader: Bool {
        let name = lastComponent.bytes
        guard name.starts(with: Array("ld".utf8)) else { return false }
        let marker = Array(".so".utf8)
        return name.indices.contains { name[$0...].starts(with: marker) }
    }
}
