// alertwriter FILE RUN COUNT RATE LARGEST KEPT [nosync]
//
// Writes COUNT alerts, RATE a second (0: as fast as they are taken), about files /RUN/1, /RUN/2, and so on, and
// prints the number up to which they are acknowledged each time that it grows. At the end, on standard error: what it
// cost, and what happened to the file.
import EventModel
import Glibc
import SensorCore

private func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// One writing of alerts, as the command line tells it.
struct AlertWriting {
    let run: String
    let count: Int
    let rate: Int
    private let file: AlertFile
    private var told: UInt64 = 0

    init?(_ arguments: [String]) throws {
        guard arguments.count >= 7, let count = Int(arguments[3]), let rate = Int(arguments[4]),
            let largest = Int(arguments[5]), let kept = Int(arguments[6])
        else { return nil }
        (run, self.count, self.rate) = (arguments[2], count, rate)
        var options = AlertFileOptions()
        (options.largest, options.kept, options.sync) = (largest, kept, !arguments.contains("nosync"))
        file = try AlertFile(path: arguments[1], options: options)
    }

    mutating func perform() -> Bool {
        let begin = Clock.monotonic
        var trouble = file.status.trouble
        for number in 1...count {
            file.take(.change(change(number)))
            // As the pipeline does: a batch each millisecond.
            if rate == 0 ? number % 64 == 0 : number % max(1, rate / 1_000) == 0 {
                pause(until: begin, number)
            }
            if file.status.trouble != trouble {
                trouble = file.status.trouble
                complain("trouble: \(trouble.map { "\($0)" } ?? "none")")
            }
        }
        let isComplete = file.finish()
        tell()
        report(seconds: Double(Clock.monotonic &- begin) / 1e9)
        return isComplete
    }

    private mutating func pause(until begin: UInt64, _ number: Int) {
        file.flush()
        tell()
        guard rate > 0 else {
            // No faster than the disk: what is lost is not written.
            while file.events &- file.durable > 2_000 { usleep(500) }
            return
        }
        let due = begin &+ UInt64(number) &* 1_000_000_000 / UInt64(rate)
        let now = Clock.monotonic
        if due > now { usleep(UInt32(min(due - now, 1_000_000_000) / 1_000)) }
    }

    private mutating func tell() {
        let durable = file.durable
        guard durable > told else { return }
        told = durable
        let line = Array("\(durable)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }

    private func report(seconds: Double) {
        let (own, all) = (processor(CLOCK_THREAD_CPUTIME_ID), processor(CLOCK_PROCESS_CPUTIME_ID))
        complain(
            "\(Int(Double(count) / seconds)) alerts/s; processor time each: \(own) µs to make and hand over, "
                + "\(all - own) µs to write; lost \(file.lost); resident \(peak) KiB; \(file.status)")
    }

    /// Microseconds of processor time for each alert.
    private func processor(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        let passed = Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
        return (passed / Double(count) * 10).rounded() / 10
    }

    /// The most resident memory so far, in KiB.
    private var peak: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    private func change(_ number: Int) -> FileChange {
        var change = FileChange(
            kind: .modified, path: ByteString("/\(run)/\(number)"), type: .file, time: Clock.realtime,
            source: .fanotify)
        (change.inode, change.device, change.size, change.mode) = (131_072, 0xfe01, 3_264, 0o100644)
        let programs = ["/usr/bin/vim.basic", "/usr/bin/bash", "/usr/bin/sudo", "/usr/sbin/sshd"]
        let chain = programs.enumerated().map { process(Int32(812 - $0.offset), ByteString($0.element)) }
        change.attribution = Attribution(process: chain[0], ancestors: Array(chain.dropFirst()))
        return change
    }

    private func process(_ pid: Int32, _ executable: ByteString) -> ProcessIdentity {
        var process = ProcessIdentity(pid: pid, start: UInt64(pid) * 1_000_000_007)
        process.executable = Attributed(executable, .exact, from: .audit)
        process.arguments = Attributed([executable.lastComponent, "-x", "a b"], .snapshot, from: .procfs)
        process.credentials = Attributed(
            Credentials(user: 1000, effectiveUser: 0, group: 1000, effectiveGroup: 0), .exact, from: .audit)
        process.loginUser = Attributed(.user(1000), .exact, from: .audit)
        return process
    }
}

do {
    guard var writing = try AlertWriting(CommandLine.arguments) else {
        complain("usage: alertwriter FILE RUN COUNT RATE LARGEST KEPT [nosync]")
        exit(2)
    }
    exit(writing.perform() ? 0 : 1)
} catch {
    complain("cannot start: \(error)")
    exit(1)
}
