import Foundation
import Testing

@testable import SensorCore

@Suite struct VersionTests {
    @Test func theChangelogBeginsWithIt() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: package.appendingPathComponent("CHANGELOG.md"), encoding: .utf8)
        let heading = try #require(text.split(separator: "\n").first { $0.hasPrefix("## ") })
        #expect(heading == "## \(Version.current)" || heading.hasPrefix("## \(Version.current), "))
    }
}
