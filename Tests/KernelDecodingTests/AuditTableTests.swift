internal import CLibAudit
internal import EventModel
internal import Testing

@testable internal import KernelDecoding

@Suite("Audit tables")
struct AuditTableTests {
    @Test func everyRecordTypeOfLibauditHasItsName() {
        for number in 1000..<3000 {
            guard let name = audit_msg_type_to_name(Int32(number)) else { continue }
            #expect(AuditRecordType(UInt16(number)).name?.text == String(cString: name))
        }
    }

    @Test func everyNameLeadsBackToItsNumber() {
        let index = AuditRecordTypeIndex()
        AuditRecordType.names.forEach { number, name in
            let bytes = Array(name)
            let found = index.type(in: bytes.span, 0, bytes.count).rawValue
            #expect(UInt32(found) == number, "\(ByteString(bytes).text)")
        }
        for (text, number) in [("UNKNOWN[1420]", 1420), ("1300", 1300), ("NOSUCH", 0), ("UNKNOWN[99999]", 0)] {
            let bytes = Array(text.utf8)
            #expect(Int(index.type(in: bytes.span, 0, bytes.count).rawValue) == number)
        }
    }

    @Test(arguments: [
        (AuditArchitecture.x8664, MACH_86_64), (.i386, MACH_X86), (.aarch64, MACH_AARCH64), (.arm, MACH_ARM),
    ] as [(AuditArchitecture, machine_t)])
    func everySystemCallOfLibauditHasItsName(_ architecture: AuditArchitecture, _ machine: machine_t) {
        var compared = 0
        for number in 0..<1_000_000 {
            guard let name = audit_syscall_to_name(Int32(number), Int32(bitPattern: machine.rawValue))
            else { continue }
            #expect(architecture.systemCalls.name(UInt32(number))?.text == String(cString: name))
            compared += 1
        }
        #expect(compared > 300)
    }

    @Test func everyErrorNumberOfLibauditHasItsName() {
        for number in 1..<600 {
            guard let name = audit_errno_to_name(Int32(number)) else { continue }
            #expect(AuditNames.errno.name(UInt32(number))?.text == String(cString: name))
        }
    }
}
