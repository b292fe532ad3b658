internal import Glibc
internal import KernelSources

/// Moves a file out of the way: `alerts.json` becomes `alerts.json.1`, and so on up to a number.
///
/// Every step is one rename to a name that is free, the oldest file first, so a kill between any two leaves each
/// file whole under one name, and at most one number unused. The next rotation begins at the lowest unused number
/// and touches nothing above it.
struct LogRotation {
    let path: String
    /// Rotated files that are kept; at least one.
    let kept: Int

    /// Moves the file at `path`, if there is one, to number 1; the oldest goes when all numbers are used.
    func rotate() throws(KernelError) {
        guard exists(path) else { return }
        var free = 1
        while free < kept, exists(name(free)) { free += 1 }
        if exists(name(free)) { unlink(name(free)) }
        while free > 1 {
            try move(name(free - 1), to: name(free))
            free -= 1
        }
        try move(path, to: name(1))
    }

    private func name(_ number: Int) -> String { "\(path).\(number)" }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// The name is known to be free. `RENAME_NOREPLACE` would guard against a stranger who takes it in this very
    /// moment, but not every filesystem has it.
    private func move(_ from: String, to target: String) throws(KernelError) {
        guard rename(from, target) == 0 || errno == ENOENT else {
            throw KernelError(call: "rename(2)", errno: errno, advice: target)
        }
    }
}
