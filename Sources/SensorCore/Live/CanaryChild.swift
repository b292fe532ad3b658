internal import CWait
internal import EventModel
internal import KernelSources

/// The process that makes a canary: what it does, all sources should hear of. One thread owns it.
///
/// Of its own, because what the sensor itself does is left out of every stream. It opens a file without a name for
/// writing and closes it again: nobody sees the file, no time of the directory changes, and each filesystem that can do
/// it tells fanotify and inotify.
final class CanaryChild {
    private let shared: UnsafeMutablePointer<cwait_canary>
    /// 0 while there is none. Not another process's before `reap`.
    private(set) var pid: Int32 = 0

    static let placesLimit = Int(CWAIT_CANARY_PLACES)

    /// `nil` without memory.
    init?() {
        guard let shared = cwait_canary_create() else { return nil }
        self.shared = shared
    }

    deinit {
        // One that hangs in a frozen filesystem must not keep us.
        if pid > 0, hasEnded { reap() }
        cwait_canary_destroy(shared)
    }

    /// - Parameters:
    ///   - places: directories, `placesLimit` at most.
    ///   - executes: whether it also tries to execute nothing, for audit's rules about execution.
    /// - Throws: `KernelError` with `EAGAIN` at a limit of processes, `ENOMEM`.
    func start(in places: [ByteString], executes: Bool) throws(KernelError) {
        let paths = places.prefix(Self.placesLimit).flatMap(\.zeroTerminated) + [0]
        let count = UInt32(min(places.count, Self.placesLimit))
        pid = try check("clone(2)", cwait_canary_start(shared, paths, count, executes ? 1 : 0))
    }

    /// Whether it has done everything.
    var hasEnded: Bool { cwait_canary_has_ended(pid) != 0 }

    /// The positive errno with which a place refused the file; 0 when it did not, -1 when it was not tried.
    func result(of place: Int) -> Int32 {
        guard place < Self.placesLimit else { return -1 }
        return withUnsafeBytes(of: &shared.pointee.results) {
            $0.load(fromByteOffset: place * 4, as: Int32.self)
        }
    }

    func reap() {
        if pid > 0 { cwait_canary_reap(pid) }
        pid = 0
    }
}
