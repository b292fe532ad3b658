internal import EventModel
internal import FileReading
internal import Glibc

/// Threads that take files of one directory ahead of the thread that asks for them, one after another: what that thread
/// gets is the same, sooner.
///
/// All calls are those of the asking thread. What the threads share with it is guarded by `lock`.
final class DigestHelpers: @unchecked Sendable {
    private struct Job {
        enum State { case waiting, running, done }
        var position: Int
        /// Zero-terminated.
        var name: [CChar]
        var limit: UInt64
        var state = State.waiting
        var result: FileAttributes?
    }

    /// More help nobody: what they take is written by one thread.
    static let most = 15
    /// Files that each is ahead.
    private static let each = 8
    private static let stackSize = 256 << 10

    let digests: DigestSet
    let count: Int
    /// Guards all variables below.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// A job was added, or all is to end.
    private let added = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// A job was done.
    private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// By position.
    private var jobs: [Job] = []
    /// Open while there are jobs.
    private var directory: Int32 = -1
    private var isEnding = false
    private var used: UInt64 = 0

    /// - Parameter count: of threads; `most` at most.
    init(count: Int, digests: DigestSet) {
        self.count = min(count, Self.most)
        self.digests = digests
        pthread_mutex_init(lock, nil)
        pthread_cond_init(added, nil)
        pthread_cond_init(finished, nil)
    }

    /// The threads hold it: it goes when the last of them has ended.
    deinit {
        pthread_cond_destroy(finished)
        pthread_cond_destroy(added)
        pthread_mutex_destroy(lock)
        for place in [added, finished] { place.deallocate() }
        lock.deallocate()
    }

    /// Fewer threads than were asked for, or none, only make it slower.
    func start() {
        for _ in 0..<count { _ = WorkerThread.start(stackSize: Self.stackSize) { [self] in work() } }
    }

    /// Ends the threads when they are done with what they do.
    func end() {
        forgetJobs()
        locked { isEnding = true }
        pthread_cond_broadcast(added)
    }

    /// Processor time of all the threads so far, nanoseconds.
    var processorTime: UInt64 { locked { used } }

    /// Files that are taken ahead at most.
    var reach: Int { count * Self.each }

    /// Has the file `name` of the directory that is open as `directory` taken; `result` must be asked for it, or
    /// `forgetJobs` be called before the directory is closed.
    func add(_ position: Int, _ name: ByteString, in directory: Int32, digestLimit: UInt64) {
        let job = Job(position: position, name: name.zeroTerminated, limit: digestLimit)
        locked {
            self.directory = directory
            jobs.append(job)
        }
        pthread_cond_signal(added)
    }

    /// What was taken; waits for it when it is being taken. `nil` when it was not begun, was not asked for, or could not be
    /// taken.
    func result(at position: Int) -> FileAttributes? {
        locked {
            // What lies before it is not asked for any more.
            while let first = jobs.first, first.position <= position {
                if first.state == .running {
                    pthread_cond_wait(finished, lock)
                    continue
                }
                jobs.removeFirst()
                if first.position == position { return first.result }
            }
            return nil
        }
    }

    /// Gives up what was not begun, and waits for what was: the directory can be closed.
    func forgetJobs() {
        locked {
            jobs.removeAll { $0.state != .running }
            while jobs.contains(where: { $0.state == .running }) { pthread_cond_wait(finished, lock) }
            jobs.removeAll()
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    // MARK: The threads

    private func work() {
        let taker = FileTaker(digests: digests)
        var before: UInt64 = 0
        while let (job, directory) = next() {
            let result = taker.take(job.name, in: directory, digestLimit: job.limit)
            let now = ScanBudget.processorTime
            finish(job.position, result, used: now &- before)
            before = now
        }
    }

    /// Waits for a job; `nil` at the end.
    private func next() -> (Job, Int32)? {
        locked {
            while true {
                if isEnding { return nil }
                if let index = jobs.firstIndex(where: { $0.state == .waiting }) {
                    jobs[index].state = .running
                    return (jobs[index], directory)
                }
                pthread_cond_wait(added, lock)
            }
        }
    }

    private func finish(_ position: Int, _ result: FileAttributes?, used time: UInt64) {
        locked {
            used &+= time
            if let index = jobs.firstIndex(where: { $0.position == position }) {
                jobs[index].result = result
                jobs[index].state = .done
            }
        }
        pthread_cond_signal(finished)
    }
}
