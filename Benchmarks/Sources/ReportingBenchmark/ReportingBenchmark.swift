internal import EventModel
internal import Glibc
internal import Reporting

/// What it costs to write one change of a file, with a process, five ancestors and all names, as a line.
@main
struct ReportingBenchmark {
    static func main() {
        let passwd = Array("root:x:0:0::/:\nalice:x:1000:1000::/:\n".utf8)
        let event = SensorEvent.change(sample())
        var json = ECSEncoder(names: NameTable(passwd: passwd), bootTime: 1_795_000_000_000_000_000)
        var terminal = TerminalEncoder(names: NameTable(passwd: passwd), colour: true)
        json.encode(event)
        terminal.encode(event)
        measure("Reporting.ecs.\(json.line.count)B") { json.encode(event) }
        measure("Reporting.terminal.\(terminal.line.count)B") { terminal.encode(event) }
    }

    /// Prints the median processor time of one call over seven runs.
    static func measure(_ name: String, _ body: () -> Void) {
        let calls: UInt64 = 100_000
        let each = (0..<7).map { _ in
            let start = threadTime()
            for _ in 0..<calls { body() }
            return (threadTime() - start) / calls
        }.sorted()
        print("\(name)  median \(each[3]) ns, best \(each[0]) ns")
    }

    static func threadTime() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    static func sample() -> FileChange {
        var change = FileChange(
            kind: .replaced, path: "/etc/ssh/sshd_config.d/10-local.conf", type: .file,
            time: 1_795_529_376_123_456_789, source: .fanotify)
        (change.inode, change.device, change.size) = (131_072, 0xfe01, 3264)
        (change.mode, change.owner, change.group) = (0o100644, 0, 1000)
        let programs = [
            "/usr/bin/vim.basic", "/usr/bin/bash", "/usr/bin/sudo", "/usr/bin/bash", "/usr/sbin/sshd",
        ]
        let chain = programs.enumerated().map { process(Int32(812 - $0.offset), ByteString($0.element)) }
        change.attribution = Attribution(process: chain[0], ancestors: Array(chain.dropFirst()))
        return change
    }

    static func process(_ pid: Int32, _ executable: ByteString) -> ProcessIdentity {
        var process = ProcessIdentity(pid: pid, start: UInt64(pid) * 1_000_000_007)
        process.parentPid = Attributed(pid - 1, .exact, from: .audit)
        process.executable = Attributed(executable, .exact, from: .audit)
        process.arguments = Attributed([executable.lastComponent, "-x", "a b"], .snapshot, from: .procfs)
        process.workingDirectory = Attributed("/home/alice", .snapshot, from: .procfs)
        process.name = Attributed(executable.lastComponent, .exact, from: .processConnector)
        process.credentials = Attributed(
            Credentials(user: 1000, effectiveUser: 0, group: 1000, effectiveGroup: 0), .exact, from: .audit)
        process.loginUser = Attributed(.user(1000), .exact, from: .audit)
        process.loginSession = Attributed(.session(3), .inherited, from: .audit)
        process.terminal = Attributed("pts/3", .snapshot, from: .procfs)
        process.container = Attributed(.host, .snapshot, from: .procfs)
        return process
    }
}
