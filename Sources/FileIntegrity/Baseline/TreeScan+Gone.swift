internal import EventModel
internal import Glibc

/// What is gone, or no longer meant.
extension TreeScan {
    /// Takes what is left out from now on out of the baseline, in silence.
    func drop(_ path: ByteString, _ known: FileAttributes) throws(DatabaseError) {
        let isLeft = options.rules == nil || !options.enters(path, depth: 0)
        if known.type == .directory, isLeft, try !forgetTree(path, tells: false) { return }
        try baseline.remove(path)
    }

    /// - Parameter listed: when its directory was listed without it; what was written later is there.
    func forget(_ path: ByteString, listed: UInt64 = .max) throws(DatabaseError) {
        let time = now()
        guard let record = try baseline.record(of: path), record.isOlder(than: listed, now: now())
        else { return }
        guard options.keeps(path) else {
            if options.updates { try drop(path, record.attributes) }
            return
        }
        let isExplained = judge?.explains(record, nil) ?? false
        if !isExplained, awaitsEvent(at: path, nil) { return }
        var isAnother = false
        if record.attributes.type == .directory {
            guard try forgetTree(path, before: listed), let left = try baseline.record(of: path) else {
                return
            }
            isAnother = left != record
        }
        if !isExplained { tell(.deleted, path, before: record, after: nil, at: time) }
        if options.updates, !isAnother { try baseline.remove(path) }
    }

    /// Forgets what is below `path`, and tells of it: a directory at a time, the deepest first, so that what is left when
    /// it ends early is found missing again. Returns whether it came to its end.
    ///
    /// - Parameter time: only of what was known before.
    func forgetTree(
        _ path: ByteString, before time: UInt64 = .max, tells: Bool = true
    ) throws(DatabaseError) -> Bool {
        let began = min(now(), time)
        var end: ByteString?
        while let directory = try baseline.lastDirectory(below: path, before: end) {
            var last = ByteString()
            var count = Baseline.batch
            while count == Baseline.batch {
                let known = try baseline.records(of: directory, after: last, limit: Baseline.batch)
                // What was written meanwhile is there again.
                for (name, record) in known where record.isOlder(than: began, now: now()) {
                    let child = directory.appending(name)
                    if tells, !(judge?.explains(record, nil) ?? false) {
                        tell(.deleted, child, before: record, after: nil, at: began)
                    }
                    if options.updates { try baseline.remove(child) }
                }
                (count, last) = (known.count, known.last?.name ?? last)
                guard try pause(afterAll: false) else { return false }
            }
            if options.updates { try baseline.removeIfEmpty(directory) }
            end = directory
        }
        return true
    }

    /// Directories that are not kept themselves go without a trace in the directory above: what was kept of their files
    /// tells.
    func forgetLostDirectories(below path: ByteString) throws(DatabaseError) {
        var next: ByteString? = path
        while let directory = next {
            if tree.list(directory) == ENOENT, !awaitsEvent(at: directory, nil) {
                _ = try forgetTree(directory)
            }
            guard try pause(afterAll: false) else { return }
            next = try baseline.nextDirectory(below: path, after: directory)
        }
    }
}
