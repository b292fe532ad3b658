package import EventModel
package import KernelDecoding

/// Who is who: every process by (pid, birth), from fork to a minute after exit.
///
/// Fed by the process connector (birth, exec, ids, death), snapshots of `/proc`, executable opens in the fanotify
/// stream, taskstats and audit. Deterministic: it reads no clock and no file. One thread owns it.
package final class ProcessTable {
    package struct Limits: Sendable {
        /// Dead processes that are remembered at most; a fork storm evicts the oldest early.
        package var deadProcesses = 2_048
        /// Nanoseconds that a dead process is remembered.
        package var retention: UInt64 = 60_000_000_000
        /// Bytes of their arguments that are remembered; those of the longest dead are forgotten first. A build leaves
        /// hundreds of compilers with ten thousand bytes each.
        package var deadArguments = 524_288

        package init() {}
    }

    /// Turns the cgroup text and namespaces of a snapshot into a placement.
    package typealias PlacementResolver = (ProcessSnapshot) -> Attributed<ContainerPlacement>

    private let limits: Limits
    private let placement: PlacementResolver
    /// CLOCK_BOOTTIME minus CLOCK_MONOTONIC, nanoseconds. The owner renews it: it grows while the machine sleeps.
    package var bootOffset: UInt64
    /// CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds. The owner renews it when the clock is set.
    package var realtimeOffset: UInt64 {
        didSet {
            // Audit's stamps before and after the clock was set do not compare.
            let change = max(oldValue, realtimeOffset) - min(oldValue, realtimeOffset)
            if change > 10_000_000 { auditWatermark = 0 }
        }
    }
    /// Whether exec events arrive; without them executable opens have to stand in for them.
    package var connectorIsLive = false
    /// Whether exit records arrive; without them the end of the first thread has to stand for that of the process.
    package var taskstatsIsLive = false
    /// Whether audit records each setting of a login user.
    package var auditIsLive = false
    /// CLOCK_MONOTONIC nanoseconds: everything that audit records of what happened before has been applied.
    package private(set) var auditWatermark: UInt64 = 0
    /// The slack between a queue that was found empty and what the kernel's own thread has yet to put into it.
    private static let auditDeliverySlack: UInt64 = 50_000_000

    private var byPid: [Int32: TrackedProcess] = [:]
    /// Dead processes in the order of their deaths; `graveHead` is the oldest that is still remembered, and before it
    /// there is nothing.
    private var graves: [TrackedProcess?] = []
    private var graveHead = 0
    /// The dead before this one have no long arguments any more.
    private var thinnedTo = 0
    /// The last fork, waiting for the snapshot of the parent's login user that follows it in the stream.
    private var lastFork: (parent: Int32, child: TrackedProcess)?
    var sharedAncestors = SharedAncestors()
    /// Dead processes that were forgotten before their minute was over.
    package private(set) var evictedEarly: UInt64 = 0

    package init(
        limits: Limits = Limits(), bootOffset: UInt64, realtimeOffset: UInt64,
        placement: @escaping PlacementResolver
    ) {
        self.limits = limits
        self.bootOffset = bootOffset
        self.realtimeOffset = realtimeOffset
        self.placement = placement
    }

    /// Processes that are remembered, dead ones included.
    package var count: Int { byPid.count }

    package func process(_ pid: Int32) -> TrackedProcess? { byPid[pid] }

    // MARK: - Process connector

    package func apply(_ event: ProcessEvent) {
        switch event.change {
        case .fork(let child): fork(parent: event.pid, child: child, at: event.time)
        case .exec: exec(event.pid, at: event.time)
        case .user(let real, let effective): changeUser(event, real: real, effective: effective)
        case .group(let real, let effective): changeGroup(event, real: real, effective: effective)
        case .name(let name):
            byPid[event.pid]?.image.learn(name: Attributed(name, .exact, from: .processConnector))
        case .session: break
        case .exit: exit(event.pid, at: event.time)
        }
    }

    private func fork(parent parentPid: Int32, child childPid: Int32, at time: UInt64) {
        let parent = existing(parentPid, at: time)
        let child = TrackedProcess(pid: childPid, born: time, image: parent.image)
        child.start = time &+ bootOffset
        child.imageSince = time
        child.parentPid = Attributed(parentPid, .exact, from: .processConnector)
        child.lineage = parent.lineageForChildren()
        child.credentials = parent.credentials.inherited
        child.credentialsSince = time
        child.inheritLoginUser(parent.loginUser.inherited)
        child.loginSession = parent.loginSession.inherited
        child.terminal = parent.terminal.inherited
        child.workingDirectory = parent.workingDirectory.inherited
        child.container = parent.container.inherited
        insert(child)
        lastFork = (parentPid, child)
    }

    private func exec(_ pid: Int32, at time: UInt64) {
        // When a further thread executes, the first one ends and hands its pid over: the process lives on.
        if let process = byPid[pid], process.died != nil, !process.hasExitRecord { process.died = nil }
        existing(pid, at: time).exec(at: time)
    }

    private func changeUser(_ event: ProcessEvent, real: UInt32, effective: UInt32) {
        let process = existing(event.pid, at: event.time)
        guard var ids = process.credentials.value else { return process.loseCredentials(at: event.time) }
        (ids.user, ids.effectiveUser) = (real, effective)
        process.setCredentials(Attributed(ids, .exact, from: .processConnector), at: event.time)
    }

    private func changeGroup(_ event: ProcessEvent, real: UInt32, effective: UInt32) {
        let process = existing(event.pid, at: event.time)
        guard var ids = process.credentials.value else { return process.loseCredentials(at: event.time) }
        (ids.group, ids.effectiveGroup) = (real, effective)
        process.setCredentials(Attributed(ids, .exact, from: .processConnector), at: event.time)
    }

    private func exit(_ pid: Int32, at time: UInt64) {
        // One from before the last exec is of the first thread, which made way for another that executed: sent from
        // another processor, it may arrive after the exec.
        guard let process = byPid[pid], process.died == nil, time >= process.imageSince else { return }
        process.died = time
        bury(process)
        trimGraves(now: time)
    }

    // MARK: - Snapshots and exits

    package func apply(_ snapshot: ProcessSnapshot) {
        if snapshot.reason == .fork {
            applyForkSnapshot(snapshot)
            return
        }
        if let group = snapshot.threadGroup, group != snapshot.pid { return }
        let process: TrackedProcess
        if let known = generation(of: snapshot.pid, from: snapshot.begin, to: snapshot.end).only {
            process = isAnother(than: known, snapshot) ? replace(known, at: snapshot.begin) : known
        } else if byPid[snapshot.pid] == nil {
            process = TrackedProcess(pid: snapshot.pid, foundAt: snapshot.begin)
            insert(process)
        } else {
            return
        }
        process.learn(from: snapshot, hearsEvents: connectorIsLive, placement: placement)
        if process.lineage == nil { link(process) }
    }

    /// Whether a look that makes up for events that were lost, or are not to be had, found another process that was
    /// given the same pid.
    private func isAnother(than known: TrackedProcess, _ snapshot: ProcessSnapshot) -> Bool {
        guard snapshot.reason == .scan || !connectorIsLive, let start = known.start,
            let found = snapshot.start
        else { return false }
        // The fork event's clock is another one, tied to this one about once a second.
        return max(start, found) - min(start, found) > 1_000_000_000
    }

    private func replace(_ known: TrackedProcess, at time: UInt64) -> TrackedProcess {
        if known.died == nil {
            known.died = time
            bury(known)
        }
        known.hasExitRecord = true
        let process = TrackedProcess(pid: known.pid, foundAt: time)
        insert(process)
        return process
    }

    private func applyForkSnapshot(_ snapshot: ProcessSnapshot) {
        guard let fork = lastFork, fork.parent == snapshot.pid else { return }
        lastFork = nil
        if let user = snapshot.loginUser {
            let value = Attributed(user, .snapshot, from: .procfs)
            if let parent = byPid[snapshot.pid], parent.died == nil {
                parent.observeLoginUser(value, in: snapshot.window)
            }
            fork.child.inheritLoginUser(value.inherited)
        }
        if let session = snapshot.loginSession {
            fork.child.loginSession = Attributed(session, .inherited, from: .procfs)
        }
    }

    package func apply(_ exit: TaskExit) {
        // The record is queued just before the exit event is stamped, and read a little later.
        let slack: UInt64 = 2_000_000_000
        let candidates = generation(
            of: exit.pid, from: exit.readAt > slack ? exit.readAt - slack : 0, to: exit.readAt)
        guard let process = candidates.last(where: { !$0.hasExitRecord }) else { return }
        process.hasExitRecord = true
        process.image.learn(name: Attributed(exit.name, .postmortem, from: .taskstats))
        guard exit.executableInode != 0 else { return }
        let file = ExecutableFile(device: exit.executableDevice, inode: exit.executableInode)
        process.image.executableFile = file
        guard !process.image.executable.isKnown else { return }
        if let opened = process.openedExecutables.last(where: { $0.inode == file.inode }) {
            process.image.learn(executable: Attributed(opened.path, .postmortem, from: .fanotify))
        } else if let earlier = process.earlierImages.last(where: { $0.image.executableFile == file }) {
            let path = earlier.image.executable
            if let path = path.value {
                process.image.learn(executable: Attributed(path, .postmortem, from: .taskstats))
            }
        }
    }

    /// A file was opened for execution by `pid`, at `sequence` of the fanotify stream, between `notBefore` and
    /// `readAt`.
    package func noteOpenedExecutable(
        pid: Int32, path: ByteString, inode: UInt64?, sequence: UInt64, notBefore: UInt64 = 0, readAt: UInt64
    ) {
        guard pid > 0 else { return }
        // By the time that it is read, its process may have ended.
        let process = generation(of: pid, from: notBefore, to: readAt).first ?? existing(pid, at: readAt)
        if !connectorIsLive, !path.isDynamicLoader { process.exec(at: readAt) }
        process.openedExecutables.append(
            OpenedExecutable(
                sequence: sequence, path: path, inode: inode, notBefore: notBefore, readAt: readAt))
        if process.openedExecutables.count > 12 { process.openedExecutables.removeFirst() }
        if process.hasExitRecord, !process.image.executable.isKnown, let inode,
            process.image.executableFile?.inode == inode
        {
            process.image.learn(executable: Attributed(path, .postmortem, from: .fanotify))
        }
    }

    /// Nothing that audit had queued by `time` (CLOCK_MONOTONIC nanoseconds) is left to be applied.
    package func noteAuditDrained(upTo time: UInt64) {
        if time > Self.auditDeliverySlack { raiseAuditWatermark(to: time - Self.auditDeliverySlack) }
    }

    /// A record stamped `time` was delivered: audit's queue keeps its order, so all that was recorded before is here.
    func raiseAuditWatermark(to time: UInt64) { auditWatermark = max(auditWatermark, time) }

    // MARK: - Lifetimes

    /// The process with `pid` at `time`; a new entry of unknown origin when there is none.
    func existing(_ pid: Int32, at time: UInt64) -> TrackedProcess {
        if let process = byPid[pid], !hasEnded(process, before: time) { return process }
        let process = TrackedProcess(pid: pid, foundAt: time)
        insert(process)
        return process
    }

    /// The processes that had `pid` at some moment from `from` to `to`, the youngest first.
    func generation(of pid: Int32, from: UInt64, to: UInt64) -> [TrackedProcess] {
        var result: [TrackedProcess] = []
        var candidate = byPid[pid]
        while let process = candidate {
            // Without a birth of its own it came after whoever had the pid before.
            let since = process.born != 0 ? process.born : process.previous?.died ?? 0
            if since <= to, !hasEnded(process, before: from) { result.append(process) }
            candidate = process.previous
        }
        return result
    }

    /// The first thread's end is the process's only when the exit record says so, or nobody would say.
    private func hasEnded(_ process: TrackedProcess, before time: UInt64) -> Bool {
        guard let died = process.died, died < time else { return false }
        return process.hasExitRecord || !taskstatsIsLive
    }

    private func insert(_ process: TrackedProcess) {
        if let old = byPid[process.pid] {
            if let found = old.foundAt, found >= process.born, process.born != 0 {
                process.takePlace(of: old)
                byPid[process.pid] = process
                return
            }
            if old.died == nil {
                // Its exit was lost; the fork that reuses the pid proves it.
                old.died = process.born
                bury(old)
            }
            old.hasExitRecord = true
            process.previous = old
        }
        byPid[process.pid] = process
    }

    /// Gives a process found without its fork the ancestry that the table knows.
    private func link(_ process: TrackedProcess) {
        guard let parentPid = process.parentPid.value, parentPid > 0, parentPid != process.pid,
            let parent = byPid[parentPid]
        else { return }
        process.lineage = parent.lineageForChildren()
    }

    /// Ties all processes that the start-up scan found to their parents, whatever the order they were found in.
    package func linkScanned() {
        for process in byPid.values.sorted(by: { $0.pid < $1.pid }) { linkUpwards(process, depth: 0) }
    }

    private func linkUpwards(_ process: TrackedProcess, depth: Int) {
        guard process.lineage == nil, depth < Lineage.maximumDepth else { return }
        if let parentPid = process.parentPid.value, parentPid != process.pid, let parent = byPid[parentPid] {
            linkUpwards(parent, depth: depth + 1)
        }
        link(process)
        process.forgetLineageForChildren()
    }

    /// After events were lost: ends every process that `alive` does not contain.
    package func reconcile(alive: Set<Int32>, at time: UInt64) {
        for process in byPid.values where process.died == nil && !alive.contains(process.pid) {
            process.died = time
            bury(process)
        }
        trimGraves(now: time)
    }

    /// Forgets processes that died more than the retention before `now`.
    package func expire(now: UInt64) { trimGraves(now: now) }

    private func bury(_ process: TrackedProcess) {
        graves.append(process)
        if graves.count.isMultiple(of: 64) { forgetLongArguments() }
    }

    /// From the latest dead on, until too many bytes were found.
    private func forgetLongArguments() {
        var index = graves.count
        var bytes = 0
        while index > max(graveHead, thinnedTo), bytes <= limits.deadArguments {
            index -= 1
            bytes += graves[index]?.longArgumentBytes ?? 0
        }
        guard bytes > limits.deadArguments else { return }
        for older in max(graveHead, thinnedTo)...index { graves[older]?.forgetLongArguments() }
        thinnedTo = index + 1
    }

    private func trimGraves(now: UInt64) {
        while graveHead < graves.count {
            if let oldest = graves[graveHead] {
                let isDue = (oldest.died ?? 0) &+ limits.retention <= now
                guard isDue || graves.count - graveHead > limits.deadProcesses else { break }
                if oldest.died != nil {
                    if !isDue { evictedEarly += 1 }
                    forget(oldest)
                }
                graves[graveHead] = nil
            }
            graveHead += 1
        }
        if graveHead > 1_024, graveHead * 2 > graves.count {
            graves.removeFirst(graveHead)
            thinnedTo = max(0, thinnedTo - graveHead)
            graveHead = 0
        }
    }

    private func forget(_ process: TrackedProcess) {
        guard let youngest = byPid[process.pid] else { return }
        if youngest === process {
            byPid[process.pid] = process.previous
            return
        }
        var link = youngest
        while let previous = link.previous {
            if previous === process {
                link.previous = process.previous
                return
            }
            link = previous
        }
    }
}

extension Array {
    /// The element when there is exactly one.
    var only: Element? { count == 1 ? first : nil }
}
