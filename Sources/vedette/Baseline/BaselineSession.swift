internal import Baseline
internal import CWait
internal import Configuration
internal import EventModel
internal import Glibc
internal import KernelSources
internal import Reporting
internal import SensorCore

/// One run of `vedette fim`: scans and questions. Each returns the exit code.
enum BaselineSession {
    /// Compares the trees with the baseline; takes those that it does not have. 0 when nothing had changed, 1 when that
    /// could not be found out, 2 after changes.
    static func scan(_ options: BaselineOptions) -> Int32 {
        complaining { () throws(SessionProblem) in
            // Before any thread is started: they inherit the mask.
            let signals = cwait_open_signals()
            let lock = try takeLock(options.state)
            defer { withExtendedLifetime(lock) {} }
            let baseline = try open(options.state, mayWrite: true)
            // Others come first.
            _ = nice(19)
            return try scan(options, baseline, signals: signals)
        }
    }

    private static func scan(
        _ options: BaselineOptions, _ baseline: Baseline, signals: Int32
    ) throws(SessionProblem) -> Int32 {
        let roots = try options.paths.isEmpty ? known(baseline) : resolve(options.paths, options.host)
        let configured = try configured(options)
        let output = try makeOutput(options)
        let tree = DiskTree()
        let budget = ScanBudget()
        budget.use(rate: options.rate, share: options.processor) { tree.helperTime }
        let progress = ScanProgress()
        var (changes, done): (UInt64, UInt64) = (0, 0)
        for root in roots {
            let isKnown = try asking { () throws(DatabaseError) in try baseline.root(root) } != nil
            if !isKnown, !options.scan.updates {
                let name = options.host.name(root).text
                throw SessionProblem(
                    "\(name) is not in the baseline; take it with: vedette fim scan \(name)")
            }
            let scan = TreeScan(
                baseline: baseline, tree: tree,
                options: configured?.options(options.scan, for: root) ?? options.scan,
                now: { Clock.realtime },
                report: { change in
                    var change = change
                    configured?.rate(&change)
                    output.take(.change(change))
                },
                goesOn: { result in
                    progress.show(options.host.name(root), result)
                    output.flush()
                    repeat {
                        guard cwait_next_signal(signals) == 0, output.failure == nil else { return false }
                    } while budget.mustWait(files: done + result.files)
                    return true
                })
            let result = try asking { () throws(DatabaseError) in try scan.scan(root) }
            progress.end()
            output.flush()
            guard let result else {
                guard output.finish() else { throw SessionProblem("standard output cannot be written") }
                throw SessionProblem("interrupted; what was scanned is kept, the next scan goes on")
            }
            changes += result.changes
            done += result.files
            say("vedette: " + ScanText.summary(options.host.name(root), result, isFirst: !isKnown) + "\n")
        }
        guard output.finish() else { throw SessionProblem("standard output cannot be written") }
        return changes == 0 ? 0 : 2
    }

    /// Prints what the baseline has of the paths and below them.
    static func list(_ options: BaselineOptions) -> Int32 {
        complaining { () throws(SessionProblem) in
            let baseline = try open(options.state, mayWrite: false)
            let roots = try options.paths.isEmpty ? known(baseline) : absolute(options.paths, options.host)
            let printer = RecordPrinter(format: options.format, host: options.host)
            var isFound = false
            for root in roots {
                try asking { () throws(DatabaseError) in
                    if let record = try baseline.record(of: root) {
                        isFound = true
                        printer.line(root, record)
                    }
                    try baseline.forEachBelow(root) { (path, record) throws(DatabaseError) in
                        isFound = true
                        printer.line(path, record)
                    }
                }
            }
            try finish(printer)
            if isFound { return 0 }
            throw SessionProblem(
                "the baseline has nothing of "
                    + roots.map { options.host.name($0).text }
                    .joined(separator: ", "))
        }
    }

    /// Prints everything that the baseline has of each path.
    static func show(_ options: BaselineOptions) -> Int32 {
        complaining { () throws(SessionProblem) in
            let baseline = try open(options.state, mayWrite: false)
            let printer = RecordPrinter(format: options.format, host: options.host)
            for path in try absolute(options.paths, options.host) {
                let record = try asking { () throws(DatabaseError) in try baseline.record(of: path) }
                guard let record else {
                    throw SessionProblem(
                        "the baseline has nothing of \(options.host.name(path).text)")
                }
                printer.page(path, record)
            }
            try finish(printer)
            return 0
        }
    }

    private static func finish(_ printer: RecordPrinter) throws(SessionProblem) {
        printer.flush()
        if printer.isBroken { throw SessionProblem("standard output cannot be written") }
    }

    // MARK: - Parts

    private static func takeLock(_ state: StateDirectory) throws(SessionProblem) -> StateLock {
        do throws(StateProblem) { return try StateLock(state) } catch { throw SessionProblem(error.message) }
    }

    private static func open(_ state: StateDirectory, mayWrite: Bool) throws(SessionProblem) -> Baseline {
        do throws(DatabaseError) {
            return try Baseline(path: state.baseline, mayWrite: mayWrite)
        } catch {
            guard error.isCorrupt, mayWrite else {
                let isMissing = access(state.baseline, F_OK) != 0
                throw SessionProblem(
                    isMissing
                        ? "there is no baseline in \(state.path); take one with: vedette fim scan PATH"
                        : "\(state.baseline): \(error)")
            }
            return try replaceDamaged(state, error)
        }
    }

    /// Keeps a damaged database as evidence and begins a new one.
    private static func replaceDamaged(
        _ state: StateDirectory, _ error: DatabaseError
    ) throws(SessionProblem) -> Baseline {
        guard let kept = BaselineFile(path: state.baseline).putAside() else {
            throw SessionProblem("\(state.baseline): \(error); it cannot be moved aside: \(reason(errno))")
        }
        say("vedette: \(state.baseline): \(error)\nvedette: kept as \(kept); a new baseline begins: ")
        say("what changed since the last scan cannot be told\n")
        do throws(DatabaseError) { return try Baseline(path: state.baseline) } catch {
            throw SessionProblem("\(state.baseline): \(error)")
        }
    }

    private static func known(_ baseline: Baseline) throws(SessionProblem) -> [ByteString] {
        let roots = try asking { () throws(DatabaseError) in try baseline.roots() }
        if roots.isEmpty {
            throw SessionProblem("the baseline is empty; take it with: vedette fim scan PATH")
        }
        return roots
    }

    private static func configured(_ options: BaselineOptions) throws(SessionProblem) -> ConfiguredScan? {
        guard let run = options.configuration else { return nil }
        do throws(ConfigurationErrors) { return try ConfiguredScan(run) } catch {
            throw SessionProblem(
                "the configuration is wrong; mend it, or say what is meant: --exclude, --depth\n\(error)")
        }
    }

    /// Absolute paths without symbolic links, each once.
    private static func resolve(_ paths: [String], _ host: HostRoot) throws(SessionProblem) -> [ByteString] {
        var result: [ByteString] = []
        for path in paths {
            guard let place = host.resolved(try whole(path, host)) else {
                throw SessionProblem(
                    "\(path): \(reason(host.path.isEmpty ? errno : ENOENT)). Give an existing path.")
            }
            if !result.contains(place) { result.append(place) }
        }
        return result
    }

    /// The path as the sensor finds it.
    private static func whole(_ path: String, _ host: HostRoot) throws(SessionProblem) -> ByteString {
        guard path.hasPrefix("/") || host.path.isEmpty else {
            throw SessionProblem("\(path): with --host-root, give the whole path on the host.")
        }
        return host.place(ByteString(path))
    }

    /// Absolute paths of files that may be gone: only their directories are resolved.
    private static func absolute(
        _ paths: [String], _ host: HostRoot
    ) throws(SessionProblem) -> [ByteString] {
        var result: [ByteString] = []
        for path in paths {
            var text = path
            while text.utf8.count > 1, text.hasSuffix("/") { text.removeLast() }
            let parts = ByteString(text.utf8.contains(UInt8(ascii: "/")) ? text : "./" + text)
            if parts == "/" || parts.lastComponent == "." || parts.lastComponent == ".." {
                result += try resolve([text], host)
                continue
            }
            // A directory that has gone is named as it was.
            let parent = try whole(parts.parent.text, host)
            let directory = host.resolved(parent) ?? parent
            result.append(directory.appending(parts.lastComponent))
        }
        return result
    }

    private static func makeOutput(_ options: BaselineOptions) throws(SessionProblem) -> EventOutput {
        do throws(WatchProblem) { return try EventOutput(format: options.format, host: options.host) } catch {
            throw SessionProblem(error.message)
        }
    }

    /// Says what the database refused, and what to do about it.
    private static func asking<Result>(
        _ body: () throws(DatabaseError) -> Result
    ) throws(SessionProblem) -> Result {
        do throws(DatabaseError) { return try body() } catch {
            let advice =
                error.isFull
                ? "; make room: what was written before is kept"
                : error.isCorrupt ? "; the next vedette fim scan puts it aside and begins a new one" : ""
            throw SessionProblem("baseline: \(error)\(advice)")
        }
    }

    private static func complaining(_ body: () throws(SessionProblem) -> Int32) -> Int32 {
        do throws(SessionProblem) { return try body() } catch {
            say("vedette: \(error.message)\n")
            return 1
        }
    }

    static func say(_ text: String) {
        let bytes = Array(text.utf8)
        // Nothing helps when standard error is closed.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// Why a command cannot go on, and what to do about it.
struct SessionProblem: Error {
    var message: String

    init(_ message: String) { self.message = message }
}

private func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
