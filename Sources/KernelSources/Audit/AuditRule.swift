package import EventModel
internal import Glibc

/// A rule as the kernel takes and gives it.
///
/// The corresponding kernel definition is `struct audit_rule_data` in `linux/audit.h`.
package struct AuditRule: Hashable, Sendable {
    package private(set) var bytes: [UInt8]

    /// Rules of ours carry one of these keys, so that they are known again after a kill.
    package static let fileKey: ByteString = "vedette"
    package static let execKey: ByteString = "vedette-exec"
    package static let socketKey: ByteString = "vedette-socket"

    private enum Layout {
        static let fieldCount = 8
        static let mask = 12
        static let fields = 268
        static let values = 524
        static let operators = 780
        static let bufferLength = 1_036
        static let buffer = 1_040
        static let mostFields = 64
    }

    private enum Field {
        static let pid: UInt32 = 0
        static let architecture: UInt32 = 11
        static let exitCode: UInt32 = 103
        static let permission: UInt32 = 106
        static let directory: UInt32 = 107
        static let watch: UInt32 = 105
        static let key: UInt32 = 210
        static let equal: UInt32 = 0x4000_0000
        static let notEqual: UInt32 = 0x3000_0000
    }

    private enum List {
        static let task: UInt32 = 1
        static let exit: UInt32 = 4
        /// Linux 5.16.
        static let uring: UInt32 = 7
    }

    private static let never: UInt32 = 0
    private static let always: UInt32 = 2
    /// `AUDIT_FILTER_PREPEND`, beside the list's number.
    private static let prepend: UInt32 = 0x10
    private static let writeAndAttributes: UInt32 = 2 | 8

    /// Takes a rule as the kernel listed it; `nil` when it is shorter than its own header says.
    package init?(_ listed: [UInt8]) {
        guard listed.count >= Layout.buffer else { return nil }
        bytes = listed
        guard listed.count >= Layout.buffer + Int(word(Layout.bufferLength)) else { return nil }
    }

    private init(list: UInt32) {
        bytes = [UInt8](repeating: 0, count: Layout.buffer)
        set(0, list)
        set(4, AuditRule.always)
    }

    /// Every write and attribute change at `path`, and below it when it is a directory, but for those of `ownPid`.
    package static func watch(_ path: ByteString, isDirectory: Bool, ownPid: Int32) -> AuditRule {
        var rule = AuditRule(list: List.exit)
        rule.selectAllSystemCalls()
        // The cheapest test first: the kernel stops at the first that fails.
        rule.add(Field.permission, writeAndAttributes)
        rule.add(Field.pid, UInt32(bitPattern: ownPid), operation: Field.notEqual)
        rule.add(isDirectory ? Field.directory : Field.watch, text: path)
        rule.add(Field.key, text: fileKey)
        return rule
    }

    /// Every io_uring operation on what is at and below `path`. Linux 5.16.
    package static func uring(_ path: ByteString, isDirectory: Bool) -> AuditRule {
        var rule = AuditRule(list: List.uring)
        rule.selectAllSystemCalls()
        rule.add(isDirectory ? Field.directory : Field.watch, text: path)
        rule.add(Field.key, text: fileKey)
        return rule
    }

    /// Every exec of programs of one architecture (`AUDIT_ARCH_*`).
    package static func exec(architecture: UInt32, systemCalls: [Int]) -> AuditRule {
        var rule = of(systemCalls, architecture: architecture)
        rule.add(Field.key, text: execKey)
        return rule
    }

    /// Every attempt to connect that was not permitted (`EACCES`), by programs of one architecture.
    ///
    /// Not a rule for the path of a socket: who may not enter its directory never gets to its inode, and only the
    /// address that was asked for (SOCKADDR) tells of it.
    package static func refusedConnect(architecture: UInt32, systemCalls: [Int]) -> AuditRule {
        var rule = of(systemCalls, architecture: architecture)
        rule.add(Field.exitCode, UInt32(bitPattern: -EACCES))
        rule.add(Field.key, text: socketKey)
        return rule
    }

    private static func of(_ systemCalls: [Int], architecture: UInt32) -> AuditRule {
        var rule = AuditRule(list: List.exit)
        for number in systemCalls where number < 2_048 {
            rule.set(
                Layout.mask + number / 32 * 4, rule.word(Layout.mask + number / 32 * 4) | 1 << (number % 32))
        }
        rule.add(Field.architecture, architecture)
        return rule
    }

    /// The exec rules that this machine needs: its own architecture, and the 32-bit one that it runs beside it.
    package static var execs: [AuditRule] {
        #if arch(x86_64)
            [
                exec(architecture: 0xc000_003e, systemCalls: [59, 322]),
                exec(architecture: 0x4000_0003, systemCalls: [11, 358]),
            ]
        #elseif arch(arm64)
            [
                exec(architecture: 0xc000_00b7, systemCalls: [221, 281]),
                exec(architecture: 0x4000_0028, systemCalls: [11, 387]),
            ]
        #else
            []
        #endif
    }

    /// The same for attempts to connect. `socketcall(2)` is how 32-bit programs of x86 do it, too.
    package static var refusedConnects: [AuditRule] {
        #if arch(x86_64)
            [
                refusedConnect(architecture: 0xc000_003e, systemCalls: [42]),
                refusedConnect(architecture: 0x4000_0003, systemCalls: [102, 362]),
            ]
        #elseif arch(arm64)
            [
                refusedConnect(architecture: 0xc000_00b7, systemCalls: [203]),
                refusedConnect(architecture: 0x4000_0028, systemCalls: [283]),
            ]
        #else
            []
        #endif
    }

    /// The rule's key; several are separated by a byte 1.
    package var key: ByteString? {
        let count = min(Int(word(Layout.fieldCount)), Layout.mostFields)
        var at = Layout.buffer
        for index in 0..<count {
            let field = word(Layout.fields + index * 4)
            guard AuditRule.hasText(field) else { continue }
            let length = Int(word(Layout.values + index * 4))
            guard length <= bytes.count - at else { return nil }
            if field == Field.key { return ByteString(Array(bytes[at..<at + length])) }
            at += length
        }
        return nil
    }

    /// Whether it keeps system calls of whole processes out of the records (`-a never,task`), whatever other
    /// rules say. The kernel asks it once, at a process's birth.
    package var hidesProcesses: Bool {
        word(0) & ~AuditRule.prepend == List.task && word(4) == AuditRule.never
    }

    package var isOurs: Bool {
        key == AuditRule.fileKey || key == AuditRule.execKey || key == AuditRule.socketKey
    }

    /// The fields whose value is a text in the rule's buffer.
    private static func hasText(_ field: UInt32) -> Bool {
        switch field {
        // Subject and object labels, watch, directory, key, executable.
        case 13...17, 19...23, 105, 107, 112, 210: true
        default: false
        }
    }

    // MARK: Building

    private mutating func selectAllSystemCalls() {
        for index in 0..<64 { set(Layout.mask + index * 4, .max) }
    }

    private mutating func add(_ field: UInt32, _ value: UInt32, operation: UInt32 = Field.equal) {
        let index = Int(word(Layout.fieldCount))
        guard index < Layout.mostFields else { return }
        set(Layout.fields + index * 4, field)
        set(Layout.values + index * 4, value)
        set(Layout.operators + index * 4, operation)
        set(Layout.fieldCount, UInt32(index + 1))
    }

    private mutating func add(_ field: UInt32, text: ByteString) {
        add(field, UInt32(text.count))
        bytes.append(contentsOf: text.bytes)
        set(Layout.bufferLength, UInt32(bytes.count - Layout.buffer))
    }

    private func word(_ offset: Int) -> UInt32 {
        bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    private mutating func set(_ offset: Int, _ value: UInt32) {
        withUnsafeBytes(of: value) { source in
            for (index, byte) in source.enumerated() { bytes[offset + index] = byte }
        }
    }
}
