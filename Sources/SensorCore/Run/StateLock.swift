internal import Glibc

/// The right to change the baseline: one process at a time has it. Given back when that ends, however it ends.
package struct StateLock: ~Copyable {
    private let descriptor: Int32

    /// Makes the directory of the state when it is not there.
    ///
    /// - Throws: `StateProblem` when another process has the right, or nobody can have it.
    package init(_ state: StateDirectory) throws(StateProblem) {
        let refused = state.make()
        descriptor = open(state.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(refused != 0 ? refused : errno))
            throw StateProblem(
                "\(state.path): \(reason); run as root, or keep the state elsewhere with --root DIR")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StateProblem(
                "another vedette is at work on \(state.baseline): a running sensor scans by itself, "
                    + "and its baseline can be asked with vedette fim list and show")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// Why the state cannot be used, and what to do about it.
package struct StateProblem: Error {
    package var message: String

    init(_ message: String) { self.message = message }
}
