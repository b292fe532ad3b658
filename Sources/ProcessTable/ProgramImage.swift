package import EventModel

/// What one successful exec put into memory. Shared by every process forked from it, so that what is learnt
/// late (an audit record, a snapshot of a sibling) serves all of them. Owned by the thread that owns the table.
package final class ProgramImage {
    package internal(set) var executable: Attributed<ByteString> = .unknown
    private var argumentList: Attributed<ArgumentList> = .unknown
    package internal(set) var name: Attributed<ByteString> = .unknown
    /// `st_dev` and inode of the executable, where known.
    var executableFile: ExecutableFile?
    /// When the snapshot that filled this image was read, and of which of the processes that share it, so that an exec
    /// event of that one can revoke it.
    private(set) var snapshotWindow: ClosedRange<UInt64>?
    private(set) var snapshotPid: Int32 = 0
    /// The serial of audit's record of the exec itself, once it has been applied.
    var execSerial: UInt32?
    /// What a snapshot said of the image before this one shortly before this one's exec event: it may have shown this
    /// one already. Settled when this one's executable is known.
    private var doubt: Doubt?

    private struct Doubt {
        var image: ProgramImage
        var executable: Attributed<ByteString>
        var argumentList: Attributed<ArgumentList>
        var name: Attributed<ByteString>
    }

    init() {}

    package var arguments: Attributed<[ByteString]> { argumentList.map(\.arguments) }
    package var knowsArguments: Bool { argumentList.isKnown }
    var argumentBytes: Int { argumentList.value?.byteCount ?? 0 }
    func forgetArguments() { argumentList = .unknown }

    /// Takes `value` over when it is better known than what is there.
    func learn(executable value: Attributed<ByteString>) {
        executable.improve(with: value)
        settleDoubt()
    }
    /// A list that is longer than the limit is not taken.
    func learn(arguments value: Attributed<[ByteString]>) {
        guard let arguments = value.value, let list = ArgumentList(arguments) else { return }
        argumentList.improve(with: Attributed(list, value.provenance, from: value.source))
    }
    func learn(name value: Attributed<ByteString>) { name.improve(with: value) }

    /// A snapshot of `pid` that was read in `window` has filled this image.
    func noteSnapshot(of pid: Int32, in window: ClosedRange<UInt64>) {
        (snapshotPid, snapshotWindow) = (pid, window)
    }

    /// Forgets what a snapshot said, because an exec happened while or before it was read.
    func revokeSnapshot() {
        if executable.source == .procfs { executable = .unknown }
        if argumentList.source == .procfs { argumentList = .unknown }
        if name.source == .procfs { name = .unknown }
        if execSerial == nil { executableFile = nil }
        snapshotWindow = nil
    }

    /// Takes back what a snapshot said of `earlier`, until it is known whether it was of this one.
    func doubtSnapshot(of earlier: ProgramImage) {
        let isFromSnapshot = earlier.executable.source == .procfs
        doubt = Doubt(
            image: earlier, executable: isFromSnapshot ? earlier.executable : .unknown,
            argumentList: earlier.argumentList.source == .procfs ? earlier.argumentList : .unknown,
            name: earlier.name.source == .procfs ? earlier.name : .unknown)
        earlier.revokeSnapshot()
        earlier.doubt = nil
    }

    /// A snapshot that showed another program than this one was right.
    private func settleDoubt() {
        guard let doubt, let own = executable.value else { return }
        self.doubt = nil
        guard let shown = doubt.executable.value ?? doubt.image.executable.value, shown != own else { return }
        doubt.image.learn(executable: doubt.executable)
        doubt.image.argumentList.improve(with: doubt.argumentList)
        doubt.image.learn(name: doubt.name)
    }

    /// Takes over what `other`'s snapshot said: it was read after our exec, not after `other`'s.
    func adoptSnapshot(of other: ProgramImage) {
        if other.executable.source == .procfs { learn(executable: other.executable) }
        if other.argumentList.source == .procfs { argumentList.improve(with: other.argumentList) }
        if other.name.source == .procfs { learn(name: other.name) }
        executableFile = other.executableFile
        (snapshotPid, snapshotWindow) = (other.snapshotPid, other.snapshotWindow)
    }
}

/// An executable by device (`st_dev`) and inode.
struct ExecutableFile: Hashable {
    var device: UInt64
    var inode: UInt64
}

extension Provenance {
    /// Smaller is better.
    var rank: Int {
        switch self {
        case .exact: 0
        case .snapshot: 1
        case .inherited: 2
        case .postmortem: 3
        case .unknown: 4
        }
    }
}

extension Attributed {
    /// Takes `other` over when its provenance is at least as good and it has a value.
    mutating func improve(with other: Attributed) {
        if other.isKnown, other.provenance.rank <= provenance.rank { self = other }
    }
}
