internal import Glibc

/// The file of a baseline: whether it is still there, and what becomes of one that cannot be used.
package struct BaselineFile: Sendable {
    package let path: String
    private static let companions = ["-wal", "-shm"]

    package init(path: String) { self.path = path }

    /// Device and inode; `nil` when nothing stands there.
    package var identity: (device: UInt64, inode: UInt64)? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return (UInt64(status.st_dev), UInt64(status.st_ino))
    }

    /// Keeps a damaged database as evidence: `PATH.damaged-1` is the newest of three at most.
    ///
    /// - Returns: the new path; `nil` and errno when it cannot be moved.
    package func putAside() -> String? {
        for number in (1..<Self.mostKept).reversed() { move(to: number + 1, from: kept(number)) }
        let kept = kept(1)
        guard rename(path, kept) == 0 else { return nil }
        for suffix in Self.companions {
            // One of an older database must not stand beside this one.
            unlink(kept + suffix)
            rename(path + suffix, kept + suffix)
        }
        return kept
    }

    private static let mostKept = 3

    private func kept(_ number: Int) -> String { "\(path).damaged-\(number)" }

    private func move(to number: Int, from old: String) {
        for suffix in [""] + Self.companions {
            unlink(kept(number) + suffix)
            rename(old + suffix, kept(number) + suffix)
        }
    }

    /// Puts what `baseline`, whose file was deleted, still has back in its place.
    ///
    /// - Throws: `DatabaseError`; nothing has changed then.
    package func restore(from baseline: Baseline) throws(DatabaseError) {
        let copy = path + ".copy"
        unlink(copy)
        try baseline.copy(to: copy)
        // A journal of the old one must not be applied to the new one.
        for suffix in Self.companions { unlink(path + suffix) }
        guard rename(copy, path) == 0 else {
            let code = errno
            unlink(copy)
            throw DatabaseError(code: 14, message: "\(path): \(String(cString: strerror(code)))")
        }
    }
}
