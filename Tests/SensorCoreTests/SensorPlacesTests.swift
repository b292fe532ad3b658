import Baseline
import Configuration
import EventModel
import FileReading
import Foundation
import Testing

@testable import SensorCore

@Suite struct SensorPlacesTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private var root: String { RealPath.of(ByteString(directory.path))?.text ?? "" }

    @Test func aProgramThatWasReplacedIsTheNewOne() throws {
        let path = root + "/program"
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["60"]
        try process.run()
        defer { process.terminate() }
        let link = "/proc/\(process.processIdentifier)/exe"
        #expect(SensorPlaces.program(of: link) == ByteString(path))
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path + ".new")
        #expect(rename(path + ".new", path) == 0)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link).hasSuffix(" (deleted)"))
        #expect(SensorPlaces.program(of: link) == ByteString(path))
    }

    @Test func whatIsNotThereYetIsWhereItWillBe() throws {
        try FileManager.default.createDirectory(atPath: root + "/real", withIntermediateDirectories: false)
        #expect(symlink(root + "/real", root + "/link") == 0)
        #expect(RealPath.eventual(ByteString(root + "/link/a/b")) == ByteString(root + "/real/a/b"))
        #expect(RealPath.eventual(ByteString(root + "/link/")) == ByteString(root + "/real"))
        #expect(RealPath.eventual(ByteString("/")) == "/")
    }

    @Test func whatProtectsTheSensorNeedsNotBeThere() {
        var options = RunOptions()
        options.root = root
        let rules = SensorPlaces(options).rules(alerts: root + "/var/log/alerts.json")
        let paths = Set(rules.map(\.path.text))
        for path in [
            "\(root)/etc/vedette", "\(root)/var/lib/vedette",
            "/etc/systemd/system/vedette.service", "/etc/systemd/system/vedette.service.d",
        ] {
            #expect(paths.contains(RealPath.eventual(ByteString(path))?.text ?? ""), "\(path)")
        }
        #expect(rules.allSatisfy { $0.severity == .critical && $0.tags == WatchRule.selfProtection })
        #expect(paths.count == rules.count)
    }

    @Test func aWatchOfWhatIsNotThereHasARuleFromTheStart() throws {
        var options = FileIntegrityOptions()
        options.watches = [Watch(path: root + "/keys")]
        let watches = ConfiguredWatches(options, own: [], host: HostRoot())
        #expect(watches.rules.places == [ByteString(root + "/keys")])
        #expect(watches.absent(on: HostRoot()) == [ByteString(root + "/keys")])
        try directory.write("", to: root + "/keys")
        #expect(watches.absent(on: HostRoot()).isEmpty)
    }
}

@Suite struct OwnWritesTests {
    private static let program: ByteString = "/usr/bin/vedetted"

    private static func writes(program: ByteString?) -> OwnWrites {
        var rule = WatchRule(path: "/var/lib/vedette")
        rule.isKept = false
        return OwnWrites(rules: WatchRules([rule]), program: program)
    }

    private static func event(_ path: ByteString, by executable: ByteString?, pid: Int32 = 1) -> SensorEvent {
        var process = ProcessIdentity(pid: pid)
        if let executable { process.executable = Attributed(executable, .exact, from: .fanotify) }
        var change = FileChange(kind: .modified, path: path, type: .file, time: 0, source: .fanotify)
        change.attribution = Attribution(process: process)
        return .change(change)
    }

    @Test(arguments: [
        ("/var/lib/vedette/baseline.db-wal", "/usr/bin/vedette", true),
        ("/var/lib/vedette/baseline.db", "/usr/bin/vedette", false),
        ("/var/lib/vedette/baseline.db-wal", "/usr/bin/vedetted", false),
        ("/etc/passwd", "/usr/bin/vedetted", false),
    ])
    func tellsOurProgramsFromOthers(path: String, executable: String, isOurs: Bool) {
        let event = Self.event(ByteString(path), by: ByteString(executable))
        #expect(Self.writes(program: Self.program).hasMade(event) == isOurs)
    }

    @Test func nobodyIsOursWhenNeitherProgramIsKnown() {
        let path = "/var/lib/vedette/baseline.db-wal"
        #expect(!Self.writes(program: nil).hasMade(Self.event(ByteString(path), by: nil)))
        #expect(!Self.writes(program: Self.program).hasMade(Self.event(ByteString(path), by: nil)))
        #expect(Self.writes(program: nil).hasMade(Self.event(ByteString(path), by: nil, pid: getpid())))
    }
}
