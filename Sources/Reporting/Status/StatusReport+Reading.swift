internal import EventModel

extension StatusReport {
    /// Reads what `json` wrote; `nil` when something essential is missing. What is unknown is passed over, so that
    /// a command reads the report of a newer sensor.
    package init?(_ json: JSONValue) {
        guard let version = json["version"]?.text, let pid = json["pid"]?.number,
            let started = json["started"]?.number, let time = json["time"]?.number
        else { return nil }
        self.init(
            version: version, pid: pid, started: started, time: time,
            configuration: json["configuration"]?.text ?? "")
        coverage = (json["coverage"]?.elements ?? []).compactMap { CoverageEntry($0) }
        sources = (json["sources"]?.elements ?? []).compactMap { Source($0) }
        for kind in ChangeKind.allCases {
            if let count = json["changes"]?[kind.rawValue]?.number, count > 0 { changes[kind] = count }
        }
        unattributed = json["changes"]?["unattributed"]?.number ?? 0
        alerts = Alerts(
            written: json["alerts"]?["written"]?.number ?? 0, lost: json["alerts"]?["lost"]?.number ?? 0,
            rotations: json["alerts"]?["rotations"]?.number ?? 0)
        baseline = Baseline(
            state: json["baseline"]?["state"]?.text ?? "", files: json["baseline"]?["files"]?.number ?? 0,
            lastScan: json["baseline"]?["last_scan"]?.number)
        memory = json["process"]?["memory_kilobytes"]?.number ?? 0
        processorTime = json["process"]?["processor_nanoseconds"]?.number ?? 0
        capabilities = (json["process"]?["capabilities"]?.elements ?? []).compactMap(\.text)
        selfProtection = SelfProtection(
            changes: json["self_protection"]?["changes"]?.number ?? 0,
            refusedPeers: json["self_protection"]?["refused_peers"]?.number ?? 0)
    }
}

extension CoverageEntry {
    /// An entry whose state is not known is off: never better than it may be.
    fileprivate init?(_ json: JSONValue) {
        guard let source = json["source"]?.text, let label = json["state"]?.text else { return nil }
        let reason = json["reason"]?.text ?? ""
        let state: CoverageState =
            switch label {
            case "live": .live
            case "degraded": .degraded(reason: reason)
            default: .off(reason: reason)
            }
        self.init(
            source: source, state: state, detail: json["detail"]?.text ?? "",
            advice: json["advice"]?.text ?? "")
    }
}

extension StatusReport.Source {
    fileprivate init?(_ json: JSONValue) {
        guard let name = json["name"]?.text else { return nil }
        self.init(
            name: name, events: json["events"]?.number ?? 0, lost: json["lost"]?.number ?? 0,
            uncountedLosses: json["uncounted_losses"]?.number ?? 0,
            undecodable: json["undecodable"]?.number ?? 0,
            lastCanary: json["last_canary"]?.number)
    }
}
