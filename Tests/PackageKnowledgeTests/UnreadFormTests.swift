import EventModel
import Foundation
import PackageKnowledge
import Testing

@Suite struct UnreadFormTests {
    @Test(arguments: [
        ("/var/lib/rpm/Packages", "Berkeley DB"), ("/usr/lib/sysimage/rpm/Packages.db", "NDB"),
    ])
    func saysThatADatabaseIsThereThatIsNotRead(path: String, form: String) throws {
        let root = NSTemporaryDirectory() + "vedette-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let directory = root + (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let database = { PackageDatabase(root: ByteString(root), scratch: ByteString(root)) }
        #expect(database().unread == nil && database().managers.isEmpty)
        try Data("x".utf8).write(to: URL(fileURLWithPath: root + path))
        #expect(database().unread == "rpm's database is in \(form) form: \(path)")
    }
}
