/// A processor architecture whose system calls are known by name.
///
/// The corresponding kernel definitions are `AUDIT_ARCH_*` in `linux/audit.h`.
package enum AuditArchitecture: UInt32, CaseIterable, Sendable {
    case x8664 = 0xc000_003e
    case i386 = 0x4000_0003
    case aarch64 = 0xc000_00b7
    case arm = 0x4000_0028

    /// As `uname -m` has it.
    package var name: StaticString {
        switch self {
        case .x8664: "x86_64"
        case .i386: "i386"
        case .aarch64: "aarch64"
        case .arm: "arm"
        }
    }

    /// Names of the system calls.
    package var systemCalls: AuditNameTable {
        switch self {
        case .x8664: AuditNames.x8664
        case .i386: AuditNames.i386
        case .aarch64: AuditNames.aarch64
        case .arm: AuditNames.arm
        }
    }
}

/// The generated tables, read at first use.
package enum AuditNames {
    static let x8664 = AuditNameTable(AuditSyscallTable.x8664)
    static let i386 = AuditNameTable(AuditSyscallTable.i386)
    static let aarch64 = AuditNameTable(AuditSyscallTable.aarch64)
    static let arm = AuditNameTable(AuditSyscallTable.arm)
    /// Error numbers.
    package static let errno = AuditNameTable(AuditValueTable.errno)
    package static let signal = AuditNameTable(AuditValueTable.signal)
    package static let uringOperation = AuditNameTable(AuditValueTable.uringOperation)
    package static let capability = AuditNameTable(AuditValueTable.capability)
    package static let addressFamily = AuditNameTable(AuditValueTable.addressFamily)
}
