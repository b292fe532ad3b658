internal import Baseline
internal import EventModel
internal import Glibc
internal import PackageKnowledge

/// The database is opened, kept true, and made true again.
extension FileKeeper {
    /// Opens the database, or makes it, and plans the first scans.
    func start() {
        packages?.prepare(now: Clock.realtime)
        open(reason: options.scansAtStart ? .start : nil)
    }

    private func open(reason: ScanReport.Reason?) {
        do throws(DatabaseError) {
            let opened = try Baseline(path: file.path)
            baseline = opened
            live = LiveBaseline(baseline: opened, reader: reader) { Clock.realtime }
            identity = file.identity
            for root in options.rules.roots {
                if let reason {
                    plan.request(root, reason: reason)
                } else if try opened.root(root) == nil {
                    plan.request(root, reason: .start)
                }
            }
            noteState(.live)
        } catch {
            fail(error, isNew: reason == .renewal)
        }
    }

    /// Lives with what the database refuses: events go on without it, and it is tried again, later and later.
    ///
    /// - Parameter isNew: it was just made: to make another one would not help.
    func fail(_ error: DatabaseError, isNew: Bool = false) {
        baseline?.rollBack()
        uncommittedSince = nil
        unconfirmed = [:]
        let now = Clock.monotonic
        retryAt = now &+ retries.delay(at: now)
        if damage.isCertain(error, now: now), !isNew {
            renew(error)
        } else {
            noteState(
                .degraded(reason: error.description),
                advice: error.isFull
                    ? "Changes are told without what was before. Make room on the filesystem of \(file.path)."
                    : error.isReadFailure
                        ? "Changes are told without what was before. See the disk of \(file.path): dmesg, smartctl."
                        : "Changes are told without what was before. See that \(file.path) can be written.")
        }
    }

    private func renew(_ error: DatabaseError) {
        (baseline, live) = (nil, nil)
        let kept = file.putAside()
        noteState(
            .degraded(reason: "\(error)"),
            advice: kept.map {
                "The database is kept as \($0); a new one begins. What changed since the last scan cannot be told."
            } ?? "Changes are told without what was before. \(file.path) cannot be moved aside; remove it.")
        if kept != nil { open(reason: .renewal) }
    }

    /// Tries again what failed before, and sees to it that the database is still where it was.
    func checkDatabase() {
        let now = Clock.monotonic
        if baseline == nil {
            if now >= retryAt { open(reason: .gap) }
        } else if file.identity.map({ $0 == identity ?? (0, 0) }) != true {
            restore()
        } else if status.state != .live {
            guard now >= retryAt, let baseline else { return }
            do throws(DatabaseError) {
                try baseline.probe()
                noteState(.live)
                plan.request(reason: .gap)
            } catch {
                fail(error)
            }
        }
    }

    /// The file was deleted or another one put in its place: what is open still has everything.
    private func restore() {
        // What is written has to be told for sure.
        guard let baseline, Clock.monotonic >= nextCommit else { return }
        guard sink.settle(patience: 2_000) else {
            nextCommit = Clock.monotonic &+ Limit.retry
            return
        }
        noteState(
            .degraded(reason: "\(file.path) was deleted or replaced while it was in use"),
            advice: "Nothing is lost yet: it is put back from what was still open. See who removes it.")
        do throws(DatabaseError) {
            try file.restore(from: baseline)
            (self.baseline, live) = (nil, nil)
            uncommittedSince = nil
            open(reason: .gap)
        } catch {
            guard error.isCorrupt else {
                // What is open still has everything.
                nextCommit = Clock.monotonic &+ Limit.retry
                return
            }
            (self.baseline, live) = (nil, nil)
            if file.putAside() != nil || errno == ENOENT {
                open(reason: .renewal)
            }
        }
    }

    private func noteState(_ state: CoverageState, advice: String = "") {
        let previous = status.state
        status.state = state
        status.advice = advice
        guard previous != state, previous != nil || state != .live else { return }
        sink.take(
            .coverage(
                CoverageEntry(source: "baseline", state: state, advice: advice),
                previous: previous ?? .off(reason: "not yet opened"),
                time: Clock.realtime))
    }
}

/// What has been told is written.
extension FileKeeper {
    /// Writes to the database what has waited long enough.
    func commitIfDue() {
        guard let baseline, baseline.pending > 0 else {
            uncommittedSince = nil
            return
        }
        let now = Clock.monotonic
        let since = uncommittedSince ?? now
        uncommittedSince = since
        guard baseline.pending >= Limit.pending || now &- since >= Limit.commitEvery else { return }
        do throws(DatabaseError) { try commit() } catch { fail(error) }
    }

    /// What is written has been told, and that is safe.
    func commit() throws(DatabaseError) {
        guard let baseline, Clock.monotonic >= nextCommit else { return }
        guard sink.settle(patience: 2_000) else {
            nextCommit = Clock.monotonic &+ Limit.retry
            return
        }
        try baseline.commit()
        uncommittedSince = nil
    }

    /// What comes from now on is the last.
    ///
    /// - Parameter patience: nanoseconds in which it is compared with the baseline; beyond it is only told.
    func noteEnd(patience: UInt64 = 4_000_000_000) { endsAt = Clock.monotonic &+ patience }

    /// Writes what can be written, and closes the database.
    func finish() {
        if endsAt == nil { noteEnd() }
        for var change in pending.popFirst(PendingVerdicts.limit) {
            if let endsAt, Clock.monotonic < endsAt {
                _ = learnPackage(of: &change, canWait: false)
                finish(change)
            } else {
                tellOnly(change)
            }
        }
        nextCommit = 0
        do throws(DatabaseError) { try commit() } catch { fail(error) }
        // What could not be told for sure is found again by the next start.
        baseline?.rollBack()
        (baseline, live) = (nil, nil)
    }
}
