import EventModel
import Testing

@testable import KernelSources

/// A status as the kernel answers it.
private func makeStatus(enabled: UInt32 = 1, pid: Int32 = 0, lost: UInt32 = 0) throws -> AuditStatus {
    var words = [UInt32](repeating: 0, count: AuditStatus.size / 4)
    (words[1], words[3], words[6]) = (enabled, UInt32(bitPattern: pid), lost)
    let bytes = words.withUnsafeBytes { [UInt8]($0) }
    let status = AuditStatus(bytes.span.bytes)
    return try #require(status)
}

/// A rule without fields, as the kernel lists it.
private func makeRule(flags: UInt8, action: UInt8) throws -> AuditRule {
    var bytes = [UInt8](repeating: 0, count: 1_040)
    (bytes[0], bytes[4]) = (flags, action)
    return try #require(AuditRule(bytes))
}

@Suite("audit's settings")
struct AuditSettingsTests {
    @Test(
        "the end of a run switches audit off only when it was off and nobody else needs it",
        arguments: [
            (before: UInt32(0), now: UInt32(1), isHeld: false, isSwitchedOff: true),
            (0, 1, true, false), (1, 1, false, false), (0, 0, false, false), (0, 2, false, false),
        ])
    func leavesAuditOnForOthers(before: UInt32, now: UInt32, isHeld: Bool, isSwitchedOff: Bool) throws {
        let originals = AuditStateFile.Originals(enabled: before, backlogLimit: 64, backlogWaitTime: 0)
        let status = try makeStatus(enabled: now)
        #expect(originals.switchesOff(status, isHeldByAnother: isHeld) == isSwitchedOff)
    }

    @Test(
        "a backlog without limit stays without",
        arguments: [(UInt32(0), UInt32(0)), (64, 8_192), (8_192, 8_192), (20_000, 20_000)])
    func raisesTheBacklogLimit(original: UInt32, raised: UInt32) {
        let originals = AuditStateFile.Originals(
            enabled: 1, backlogLimit: original, backlogWaitTime: 0)
        #expect(originals.raisedBacklogLimit == raised)
    }

    @Test("losses are counted over the counter's end, and not when it was set back")
    func countsLosses() throws {
        #expect(try makeStatus(lost: 12).lost(since: makeStatus(lost: 5)) == 7)
        #expect(try makeStatus(lost: 1).lost(since: makeStatus(lost: .max)) == 2)
        #expect(try makeStatus(lost: 0).lost(since: makeStatus(lost: 5)) == 0)
    }

    @Test(
        "knows the rules that hide whole processes",
        arguments: [
            (flags: UInt8(1), action: UInt8(0), hides: true),  // -a never,task
            (0x11, 0, true),  // -A never,task
            (1, 2, false),  // -a always,task
            (4, 0, false),  // -a never,exit
        ])
    func knowsRulesThatHide(flags: UInt8, action: UInt8, hides: Bool) throws {
        #expect(try makeRule(flags: flags, action: action).hidesProcesses == hides)
        #expect(AuditRule.execs.allSatisfy { !$0.hidesProcesses })
    }

    @Test("asks for connects that were not permitted, and knows its rules again")
    func rulesForRefusedConnects() throws {
        for rule in AuditRule.refusedConnects {
            let words = rule.bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
            // -a always,exit; fields arch, exit, key.
            #expect(words[0] == 4 && words[1] == 2 && words[2] == 3)
            #expect(Array(words[67..<70]) == [11, 103, 210])
            #expect(words[132] == UInt32(bitPattern: -13))
            #expect(try #require(AuditRule(rule.bytes)).isOurs)
        }
        let native = try #require(AuditRule.refusedConnects.first).bytes
        let number = native.withUnsafeBytes { bytes in
            (0..<2_048).filter { bytes[12 + $0 / 8] & 1 << ($0 % 8) != 0 }
        }
        #if arch(x86_64)
            #expect(number == [42])
        #elseif arch(arm64)
            #expect(number == [203])
        #endif
    }
}
