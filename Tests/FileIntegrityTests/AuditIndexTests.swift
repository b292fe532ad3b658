import EventModel
import FileIntegrity
import KernelDecoding
import Testing

/// Which record is of a change. Times are seconds.
@Suite struct AuditIndexTests {
    private static let second: UInt64 = 1_000_000_000

    private func record(
        _ pid: Int32, _ name: ByteString, inode: UInt64? = nil, in directory: ByteString? = nil,
        at time: UInt64
    ) -> AuditFacts {
        var facts = AuditFacts(serial: 1, milliseconds: time * 1_000, readAt: time * Self.second, pid: pid)
        facts.success = true
        facts.workingDirectory = directory
        facts.paths = [AuditPath(name: name, inode: inode, nameType: .normal)]
        return facts
    }

    private func find(
        _ index: AuditIndex, pid: Int32, _ path: ByteString, inode: UInt64? = nil, from: UInt64 = 0,
        to: UInt64 = 99
    ) -> Int32? {
        index.facts(
            pid: pid, path: path, inode: inode, from: from * Self.second, to: to * Self.second,
            stampedUpTo: to * 1_000)?.pid
    }

    @Test func aProcessesRecordIsFoundByNameOrInode() {
        var index = AuditIndex(settleWindow: 0)
        index.note(record(7, "f", inode: 3, at: 1))
        #expect(find(index, pid: 7, "/w/f") == 7)
        #expect(find(index, pid: 7, "/w/g", inode: 3) == 7)
        #expect(find(index, pid: 8, "/w/f", inode: 3) == nil)
        #expect(find(index, pid: 7, "/w/f", from: 2) == nil)
    }

    @Test func anybodysRecordMustNameTheWholePath() {
        var index = AuditIndex(settleWindow: 0)
        index.note(record(7, "/other/index.html", inode: 3, at: 1))
        index.note(record(8, "index.html", inode: 4, in: "/srv", at: 1))
        index.note(record(9, "./a", in: "/srv", at: 1))
        #expect(find(index, pid: 0, "/w/index.html", inode: 3) == nil)
        #expect(find(index, pid: 0, "/srv/index.html", inode: 4) == 8)
        #expect(find(index, pid: 0, "/srv/index.html") == 8)
        #expect(find(index, pid: 0, "/srv/index.html", inode: 5) == nil)
        #expect(find(index, pid: 0, "/srv/a") == 9)
    }

    @Test func remembersForTheSettleWindowAndThreeSeconds() {
        var index = AuditIndex(settleWindow: 10 * Self.second)
        index.note(record(7, "/w/f", at: 1))
        index.note(record(8, "/w/g", at: 13))
        #expect(find(index, pid: 7, "/w/f") == 7)
        index.note(record(8, "/w/g", at: 15))
        #expect(find(index, pid: 7, "/w/f") == nil)
    }
}
