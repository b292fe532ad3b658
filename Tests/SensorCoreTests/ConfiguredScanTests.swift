import Baseline
import Configuration
import EventModel
import FileReading
import Foundation
import Testing

@testable import SensorCore

/// `vedette fim` on a baseline that the sensor has taken.
@Suite struct ConfiguredScanTests {
    private let directory: TestDirectory
    private let tree: ByteString
    private let run: RunOptions

    init() throws {
        directory = try TestDirectory()
        tree = try #require(RealPath.of(ByteString(directory.path))).appending("tree")
        for path in ["/tree/cache", "/etc/vedette"] {
            try FileManager.default.createDirectory(
                atPath: directory.path + path, withIntermediateDirectories: true)
        }
        try directory.write(
            """
            fim:
              watches:
                - path: \(tree.text)
                  severity: high
                  tags: [mine]
                  exclude: [\(tree.text)/cache]
                  restrict: ['*.conf']
            """, to: directory.path + "/etc/vedette/vedette.yml")
        var run = RunOptions()
        run.root = directory.path
        self.run = run
        for name in ["a.conf", "a.txt", "cache/b.conf"] { try write(name, "1") }
    }

    private func write(_ name: String, _ text: String) throws {
        try directory.write(text, to: tree.text + "/" + name)
    }

    private func scan(
        _ baseline: Baseline, _ options: ScanOptions, _ configured: ConfiguredScan
    ) throws -> [FileChange] {
        var found: [FileChange] = []
        let scan = TreeScan(
            baseline: baseline, tree: DiskTree(), options: options, now: { Clock.realtime },
            report: {
                var change = $0
                configured.rate(&change)
                found.append(change)
            })
        _ = try scan.scan(tree)
        return found
    }

    @Test func findsNothingThatIsNoChange() throws {
        // As the sensor takes it.
        let configuration = try SensorConfiguration.load(run)
        var sensor = ScanOptions()
        sensor.rules = ConfiguredWatches(configuration.fim, own: [], host: HostRoot()).rules
        sensor.rulesDigest = configuration.fim.rulesDigest
        let configured = try ConfiguredScan(run)
        let baseline = try Baseline(path: directory.path + "/baseline.db")
        _ = try scan(baseline, sensor, configured)

        var byHand = configured.options(ScanOptions(), for: tree)
        byHand.updates = false
        #expect(try scan(baseline, byHand, configured).isEmpty)
        for name in ["a.conf", "a.txt", "cache/b.conf", "c.txt"] { try write(name, "22") }
        let found = try scan(baseline, byHand, configured)
        #expect(found.map(\.path) == [tree.appending("a.conf")])
        #expect(found.first?.severity == .high && found.first?.tags == ["mine"])
    }

    @Test func saysNothingOfOtherTrees() throws {
        let configured = try ConfiguredScan(run)
        for place in [tree.parent, tree.parent.appending("other")] {
            #expect(configured.options(ScanOptions(), for: place).rules == nil)
        }
    }

    @Test func aWrongConfigurationIsSaid() throws {
        try directory.write("fim: [", to: directory.path + "/etc/vedette/vedette.yml")
        #expect(throws: ConfigurationErrors.self) { try ConfiguredScan(run) }
    }
}
