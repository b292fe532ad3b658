internal import Baseline
internal import CWait
internal import Configuration
internal import EventModel
internal import FileReading
internal import Glibc
internal import KernelSources
internal import PackageKnowledge
internal import Reporting

/// The sensor with everything that the configuration turns on. The main thread hears; a thread of its own keeps the
/// baseline; further ones write the alerts and answer at the control socket.
final class SensorRun {
    /// Nanoseconds.
    private static let canaryInterval: UInt64 = 60_000_000_000

    private let options: RunOptions
    private let places: SensorPlaces
    private var configuration: SensorConfiguration
    private let alertPath: String
    private let lock: InstanceLock
    private let stateLock: StateLock
    private let sink: AlertSink
    private let keeper: KeeperThread
    private var watches: ConfiguredWatches
    private let sensor: LiveSensor
    private let board = StatusBoard()
    private let notifier = Notifier()
    private let requests = RequestQueue()
    private var control: ControlServer?
    private let started = Clock.realtime
    private let capabilities: [String]
    private var isEnding = false
    /// Starts the program anew in place of this one, with the configuration as it is then.
    private var restarts = false
    private var nextTick: UInt64 = 0
    /// Nanoseconds since 1970.
    private var heardUntil: UInt64 = 0
    /// Places of watches that are not there.
    private var absent: Set<ByteString> = []
    /// Rows that the sources and the baseline do not tell of themselves, as they were last.
    private var ownRows: [CoverageEntry] = []
    /// Nothing was heard of the baseline.
    private var wasSilent = false
    private let prior = PriorRun()
    private let packages: CoverageEntry
    /// Why a module that is configured is not there.
    private var troubles: [String: String] = [:]

    init(_ options: RunOptions, _ places: SensorPlaces, _ configuration: SensorConfiguration)
        throws(RunProblem)
    {
        // Before the first thread.
        do throws(ControlProblem) { capabilities = try Privileges.keep() } catch {
            troubles["privileges"] = error.message
            capabilities = Privileges.held
        }
        self.options = options
        self.places = places
        self.configuration = configuration
        alertPath = configuration.alerts.path(root: places.root)
        let directory = RuntimeDirectory(root: places.root)
        do throws(ControlProblem) {
            try directory.make()
            lock = try InstanceLock(directory)
        } catch {
            throw RunProblem(error.message)
        }
        // Audit is the host's: below another root it still has one place. Without that it says why it is off.
        if configuration.audit.enabled { try? RuntimeDirectory().make() }
        do throws(StateProblem) { stateLock = try StateLock(places.state) } catch {
            throw RunProblem(error.message)
        }
        do throws(KernelError) {
            sink = try AlertSink(
                path: alertPath, options: AlertFileOptions(configuration.alerts), host: places.host)
        } catch {
            throw RunProblem("alerts: \(error)")
        }
        watches = ConfiguredWatches(
            configuration.fim, own: places.rules(alerts: alertPath), host: places.host)
        let database = PackageDatabase(
            root: ByteString(places.host.place("/")), scratch: ByteString(places.state.path))
        packages = CoverageEntry(packages: database)
        keeper = try Self.makeKeeper(configuration, places, watches, database, sink)
        sensor = try Self.makeSensor(configuration, places, watches, keeper)
    }

    private static func makeKeeper(
        _ configuration: SensorConfiguration, _ places: SensorPlaces, _ watches: ConfiguredWatches,
        _ packages: PackageDatabase, _ sink: AlertSink
    ) throws(RunProblem) -> KeeperThread {
        let keeper = FileKeeper(
            file: BaselineFile(path: places.state.baseline),
            options: keeperOptions(configuration.fim, watches),
            tree: DiskTree(), reader: PathReader(),
            packages: packages, sink: sink)
        if let thread = KeeperThread(keeper: keeper, sink: sink) { return thread }
        throw RunProblem("cannot start: \(KernelError(call: "eventfd(2)", errno: EMFILE))")
    }

    private static func keeperOptions(
        _ options: FileIntegrityOptions, _ watches: ConfiguredWatches
    ) -> FileKeeper<DiskTree>.Options {
        var result = FileKeeper<DiskTree>.Options(rules: watches.rules)
        result.scanInterval = options.scanInterval
        result.scansAtStart = options.scan.atStart || PriorRun().heardUntil != nil
        result.rate = options.scan.rate
        result.settleWindow = options.settleMilliseconds * 1_000_000
        result.rulesDigest = options.rulesDigest
        result.digests = DigestSet(options.digests)
        result.processor = min(options.scan.processor, ScanBudget.mostShare)
        return result
    }

    private static func makeSensor(
        _ configuration: SensorConfiguration, _ places: SensorPlaces, _ watches: ConfiguredWatches,
        _ keeper: KeeperThread
    ) throws(RunProblem) -> LiveSensor {
        let runtime = RuntimeDirectory(root: places.root)
        let own = OwnWrites(rules: watches.rules)
        do throws(KernelError) {
            let sensor = try LiveSensor(
                watches: watches.rules.places, settleWindow: configuration.fim.settleMilliseconds * 1_000_000,
                auditStatePath: configuration.audit.enabled ? SensorPlaces.auditState : nil,
                canaryInterval: configuration.fim.canaries ? Self.canaryInterval : 0,
                canaryDirectory: ByteString(runtime.path), host: places.host,
                controlSocket: ByteString(runtime.controlSocket)
            ) { event in
                if case .coverage = event {
                    keeper.tell(.event(event))
                } else if !own.hasMade(event) {
                    keeper.post(event)
                }
            }
            sensor.whenPathWasUsed { keeper.post(.used($0)) }
            return sensor
        } catch {
            throw RunProblem("cannot start: \(error)")
        }
    }

    // MARK: - From start to end

    /// Runs until a signal. Returns the exit code.
    func run(signals: Int32) throws(RunProblem) -> Int32 {
        // The marks first: what changes during the first scan must be heard.
        let hasFiles = sensor.start()
        guard keeper.start() else {
            sensor.stop()
            throw RunProblem("cannot start: no thread is to be had")
        }
        keeper.awaitOpening()
        noteRestart()
        noteAbsent()
        ownRows = ownCoverage
        for entry in coverage { keeper.post(.coverage(entry, previous: nil, time: Clock.realtime)) }
        Console.say(coverage)
        guard hasFiles else {
            end()
            throw RunProblem("no file source could be started; the table above says why")
        }
        publish()
        startControl()
        noteRows()
        let watched = watches.rules.roots.filter {
            watches.rules.rule(for: $0)?.tags != WatchRule.selfProtection
        }.map { places.host.name($0).text }
        Console.say(
            "vedette: watching \(watched.joined(separator: " ")); alerts go to "
                + "\(alertPath)\n")
        if let remark = watches.links.remark { Console.say("vedette: \(remark)\n") }
        notifier.ready("watching")
        sensor.run(
            signals: signals, endsAt: { [unowned self] in handle($0) },
            flush: { [unowned self] in
                tick()
                return !isEnding
            })
        // For systemd, what becomes another program does not stop.
        if restarts { notifier.reloading() } else { notifier.stopping() }
        let isComplete = end()
        if restarts { throw restart() }
        if isComplete { return 0 }
        throw RunProblem(
            "not everything could be written to \(alertPath); the next start finds what is missing")
    }

    /// Between two programs nobody listened. The scans at the start look at everything.
    private func noteRestart() {
        guard let from = prior.heardUntil else { return }
        keeper.post(
            .gap(
                Gap(source: "vedette", cause: .sourceRestarted, count: nil, from: from, to: Clock.realtime)))
    }

    /// Takes in what has happened until now, and writes everything.
    @discardableResult
    private func end() -> Bool {
        control?.stop()
        heardUntil = Clock.realtime
        sensor.stop()
        let isKept = keeper.finish(patience: 10_000)
        // A thread that has not ended may still be using the sink.
        return isKept && sink.finish()
    }

    /// Becomes the program anew. Returns only when that fails.
    private func restart() -> RunProblem {
        Console.say("vedette: begins anew with the changed configuration\n")
        // Signals stay blocked: those that come meanwhile wait for the next program.
        PriorRun.leave(heardUntil: heardUntil, arguments: ["vedetted"] + options.arguments)
        return RunProblem("cannot begin anew: \(String(cString: strerror(errno)))")
    }

    // MARK: - Each second, and when asked

    /// Whether the sensor ends at this signal.
    private func handle(_ signal: Int32) -> Bool {
        switch signal {
        case SIGHUP:
            keeper.tell(.reopen)
            Console.say("vedette: \(reload())\n")
            return isEnding
        case SIGUSR1:
            keeper.tell(.rotate)
            return false
        default:
            return true
        }
    }

    /// Reads the configuration again. Returns what came of it.
    private func reload() -> String {
        notifier.reloading()
        defer { if !restarts { notifier.ready("watching") } }
        let next: SensorConfiguration
        do throws(ConfigurationErrors) {
            next = try ConfigurationFile.load(places.configuration, hostRoot: places.host.path)
        } catch {
            return "the configuration stays as it was:\n\(error)"
        }
        let nextWatches = ConfiguredWatches(
            next.fim, own: places.rules(alerts: next.alerts.path(root: places.root)), host: places.host)
        if let remark = nextWatches.links.remark { Console.say("vedette: \(remark)\n") }
        guard next != configuration || nextWatches.links.places != watches.links.places else {
            return "the configuration has not changed"
        }
        var sameButRules = next
        sameButRules.fim = configuration.fim
        guard sameButRules == configuration, nextWatches.rules.places == watches.rules.places,
            next.fim.settleMilliseconds == configuration.fim.settleMilliseconds,
            next.fim.canaries == configuration.fim.canaries
        else {
            (isEnding, restarts) = (true, true)
            return next == configuration ? "symbolic links have changed" : "the configuration has changed"
        }
        (configuration, watches) = (next, nextWatches)
        keeper.tell(.options(Self.keeperOptions(next.fim, nextWatches)))
        return "the changed configuration holds"
    }

    private func tick() {
        let now = Clock.monotonic
        guard now >= nextTick else { return }
        nextTick = now &+ 1_000_000_000
        keeper.tell(.tick(.init(isCaughtUp: sensor.noteCaughtUp())))
        for request in requests.take() { answer(request.0, request.1) }
        noteAbsent()
        noteRows()
        publish()
        notifier.beat()
    }

    /// What is made at a place that is watched is heard of, but for what was in it before it was moved there.
    private func noteAbsent() {
        let before = absent
        absent = watches.absent(on: places.host)
        for (_, place) in watches.missing where before.contains(place) && !absent.contains(place) {
            keeper.tell(.scan(place) { _ in })
        }
        if !elsewhere.isEmpty, prior.allowsRestart(now: Clock.monotonic) {
            (isEnding, restarts) = (true, true)
        }
    }

    /// Watches whose places are there now by symbolic links: elsewhere than where the sensor listens.
    private var elsewhere: [String] {
        watches.missing.filter { (path, place) in
            places.host.resolved(places.host.place(ByteString(path))).map { $0 != place } ?? false
        }.map(\.path)
    }

    /// Tells what has changed in the rows that nobody else tells of.
    private func noteRows() {
        let rows = ownCoverage
        let time = Clock.realtime
        noteSilence(time)
        for transition in CoverageTransition.all(from: ownRows, to: rows) {
            let entry = transition.entry
            keeper.tell(.event(.coverage(entry, previous: transition.previous, time: time)))
            guard let reason = entry.state.reason else { continue }
            Console.say("vedette: \(entry.source): \(reason). \(entry.advice)\n")
        }
        ownRows = rows
    }

    private func noteSilence(_ time: UInt64) {
        let status = keeper.status
        guard status.isSilent != wasSilent else { return }
        let previous = wasSilent ? FileKeeperStatus.silence : status.state
        wasSilent.toggle()
        let entry = status.entry
        // Heard when the thread goes on: what holds it up holds up the alerts.
        keeper.tell(.event(.coverage(entry, previous: previous, time: time)))
        if wasSilent { Console.say("vedette: baseline: \(entry.state.reason ?? ""). \(entry.advice)\n") }
    }

    private func startControl() {
        do throws(ControlProblem) {
            let queue = requests
            let keeper = keeper
            let path = RuntimeDirectory(root: places.root).controlSocket
            let server = try ControlServer(
                path: path, board: board,
                requests: { request, reply in queue.put(request, reply) },
                refused: { peer in
                    keeper.tell(
                        .event(
                            .refused(
                                RefusedAccess(
                                    path: ByteString(path), uid: peer.uid, pid: peer.pid,
                                    attempts: peer.attempts,
                                    time: Clock.realtime))))
                })
            serveMetrics(by: server)
            try server.start()
            control = server
            troubles["control"] = nil
        } catch {
            troubles["control"] = error.message
        }
    }

    private func serveMetrics(by server: ControlServer) {
        guard let metrics = configuration.metrics else { return }
        do throws(ControlProblem) { try server.serveMetrics(at: MetricsAddress(metrics)) } catch {
            troubles["metrics"] = error.message
        }
    }

    private func answer(_ request: ControlRequest, _ reply: ControlReply) {
        switch request {
        case .status: reply.send(.failed("ask again"))
        case .reload: reply.send(.done(reload()))
        case .rotate:
            keeper.tell(.rotate)
            reply.send(.done("a new file begins at \(alertPath)"))
        case .scan(let root):
            keeper.tell(
                .scan(root.map { places.host.place($0) }) { isTaken in
                    reply.send(
                        isTaken
                            ? .done("the scan begins") : .failed("that is none of the trees that are scanned")
                    )
                })
        case .show(let path):
            reply.send(show(path))
        }
    }

    /// What the baseline has of a file.
    private func show(_ path: ByteString) -> ControlAnswer {
        do throws(DatabaseError) {
            let baseline = try Baseline(path: places.state.baseline, mayWrite: false)
            guard let record = try baseline.record(of: places.host.place(path)) else {
                return .failed("the baseline has nothing of \(path.text)")
            }
            var writer = ByteWriter()
            writer.baselineRecord(path: path, record.attributes, seen: record.seen)
            writer.append("\n")
            return .document(writer.copy)
        } catch {
            return .failed("baseline: \(error)")
        }
    }

    // MARK: - Status

    private var coverage: [CoverageEntry] {
        var entries = sensor.coverage
        // What is turned off on purpose is no gap.
        if !configuration.audit.enabled { entries.removeAll { $0.source == SourceName.audit.rawValue } }
        var kept = keeper.status
        if let root = kept.scanning?.root { kept.scanning?.root = places.host.name(root) }
        entries.append(kept.entry)
        if kept.scans.state != .live { entries.append(kept.scans) }
        return entries + ownCoverage
    }

    /// Rows of what has no thread that would tell of itself.
    private var ownCoverage: [CoverageEntry] {
        let path = RuntimeDirectory(root: places.root).controlSocket
        var entries = [
            CoverageEntry(alerts: sink.status.trouble, path: alertPath), packages,
            CoverageEntry(
                "privileges", troubles["privileges"].map { .degraded(reason: $0) } ?? .live,
                detail: "\(capabilities.count) capabilities", .privilegesKept),
        ]
        if control != nil || troubles["control"] != nil {
            entries.append(
                CoverageEntry(
                    "control", troubles["control"].map { .off(reason: $0) } ?? .live, detail: path,
                    .controlTrouble))
        }
        let metricsTrouble = troubles["metrics"] ?? troubles["control"]
        if let metrics = configuration.metrics, control != nil || metricsTrouble != nil {
            entries.append(
                CoverageEntry(
                    "metrics", metricsTrouble.map { .off(reason: $0) } ?? .live,
                    detail: metrics.listen.text, .metricsTrouble))
        }
        if let links = watches.links.entry { entries.append(links) }
        return entries + [watchEntry]
    }

    private var watchEntry: CoverageEntry {
        let elsewhere = elsewhere
        if !elsewhere.isEmpty {
            let reason = "made as symbolic links: " + elsewhere.joined(separator: ", ")
            return CoverageEntry("watches", .degraded(reason: reason), .watchPaced)
        }
        let missing = watches.missing.filter { absent.contains($0.place) }.map(\.path)
        let reason = "not there: " + missing.joined(separator: ", ")
        return CoverageEntry(
            "watches", missing.isEmpty ? .live : .degraded(reason: reason),
            detail: "\(watches.rules.rules.count) places", .watchMissing)
    }

    private func publish() {
        var report = StatusReport(
            version: Version.current, pid: UInt64(getpid()), started: started, time: Clock.realtime,
            configuration: places.configuration)
        report.coverage = coverage
        let canaries = Dictionary(uniqueKeysWithValues: sensor.coverage.map { ($0.source, $0.lastCanary) })
        report.sources = sensor.summary.map {
            StatusReport.Source(
                name: $0.name, events: $0.events, lost: $0.lost, uncountedLosses: $0.uncountedLosses,
                undecodable: $0.undecodable, lastCanary: canaries[$0.name] ?? nil)
        }
        let kept = keeper.status
        report.baseline = kept.report
        report.changes = kept.kinds
        report.unattributed = kept.unattributed
        report.alerts = StatusReport.Alerts(
            written: kept.alerts, lost: kept.alertsLost, rotations: sink.status.rotations)
        let usage = OwnUsage.now
        (report.memory, report.processorTime) = (usage.memory, usage.processorTime)
        report.capabilities = capabilities
        report.selfProtection = StatusReport.SelfProtection(
            changes: kept.ownChanges, refusedPeers: (control?.refusedPeers ?? 0) + sensor.refusedPeers)
        board.publish(report)
    }
}
