package import EventModel

/// A process as it was when it forked: one link of the ancestry of its children. Immutable but for what its
/// image and identity learn late. Children of one parent share it; it lives as long as a descendant does.
package final class Lineage {
    /// Bounds memory and the depth of release when every process forks once and exits.
    static let maximumDepth = 64

    let process: ProcessState
    let parent: Lineage?
    let depth: Int

    init(process: ProcessState, parent: Lineage?) {
        self.process = process
        let tooDeep = (parent?.depth ?? 0) >= Lineage.maximumDepth
        self.parent = tooDeep ? parent?.shortened(to: Lineage.maximumDepth / 2) : parent
        depth = (self.parent?.depth ?? 0) + 1
    }

    /// A copy of the nearest `count` links; what lies beyond is dropped.
    private func shortened(to count: Int) -> Lineage {
        var states: [ProcessState] = []
        var link: Lineage? = self
        while let current = link, states.count < count {
            states.append(current.process)
            link = current.parent
        }
        var result: Lineage?
        for state in states.reversed() { result = Lineage(process: state, parent: result) }
        return result ?? self
    }

    /// The ancestors from this link upwards, the nearest first.
    package func identities() -> [ProcessIdentity] {
        var result: [ProcessIdentity] = []
        var link: Lineage? = self
        while let current = link {
            result.append(current.process.identity())
            link = current.parent
        }
        return result
    }
}

/// The part of a process that its descendants remember.
struct ProcessState {
    var pid: Int32
    var start: UInt64?
    var image: ProgramImage
    var credentials: Attributed<Credentials>
    var loginUser: Attributed<LoginUser>

    func identity() -> ProcessIdentity {
        var identity = ProcessIdentity(pid: pid, start: start)
        identity.executable = image.executable
        identity.arguments = image.arguments
        identity.name = image.name
        identity.credentials = credentials
        identity.loginUser = loginUser
        return identity
    }
}
