internal import CAudit
internal import Glibc

/// Requests to the kernel's audit, each with its answer. One thread owns it.
///
/// The corresponding kernel interface is `audit_receive_msg` behind `NETLINK_AUDIT`.
package final class AuditControl {
    private let descriptor: Int32
    private var sequence: UInt32 = 0
    private var room = [UInt8](repeating: 0, count: 12_288)
    private static let headerSize = 16
    private static let patience: Int32 = 2_000

    private enum MessageType {
        static let error: UInt16 = 2
        static let done: UInt16 = 3
        static let get: UInt16 = 1_000
        static let set: UInt16 = 1_001
        static let addRule: UInt16 = 1_011
        static let deleteRule: UInt16 = 1_012
        static let listRules: UInt16 = 1_013
    }

    private enum Flag {
        static let request: UInt16 = 1
        static let acknowledge: UInt16 = 4
    }

    /// - Throws: `KernelError` with `EPROTONOSUPPORT` when the kernel was booted with `audit=0` or built
    ///   without audit.
    package init() throws(KernelError) {
        descriptor = try check("socket(NETLINK_AUDIT)", caudit_open()) { errno in
            errno == EPROTONOSUPPORT ? "booted with audit=0, or built without CONFIG_AUDIT" : ""
        }
    }

    deinit { close(descriptor) }

    /// - Throws: `KernelError` with `EPERM` without CAP_AUDIT_CONTROL, `ECONNREFUSED` outside of the initial
    ///   namespaces.
    package func status() throws(KernelError) -> AuditStatus {
        let expected = try send(
            MessageType.get, [], flags: Flag.request | Flag.acknowledge, call: "AUDIT_GET")
        var status: AuditStatus?
        try receive(expected, call: "AUDIT_GET", hasAnswer: true) { type, payload in
            guard type == MessageType.get else { return false }
            status = AuditStatus(payload)
            return true
        }
        guard let status else { throw KernelError(call: "AUDIT_GET", errno: EPROTO) }
        return status
    }

    func set(_ setting: AuditStatus.Setting) throws(KernelError) {
        try request(MessageType.set, setting.payload, call: "AUDIT_SET")
    }

    /// - Throws: `KernelError` with `EEXIST` when the kernel has it already.
    func add(_ rule: AuditRule) throws(KernelError) {
        try request(MessageType.addRule, rule.bytes, call: "AUDIT_ADD_RULE")
    }

    /// - Throws: `KernelError` with `ENOENT` when the kernel does not have it.
    func delete(_ rule: AuditRule) throws(KernelError) {
        try request(MessageType.deleteRule, rule.bytes, call: "AUDIT_DEL_RULE")
    }

    /// All rules in the kernel, whoever added them.
    package func rules() throws(KernelError) -> [AuditRule] {
        let expected = try send(
            MessageType.listRules, [], flags: Flag.request | Flag.acknowledge, call: "AUDIT_LIST_RULES")
        var rules: [AuditRule] = []
        try receive(expected, call: "AUDIT_LIST_RULES", hasAnswer: true) { type, payload in
            if type == MessageType.done { return true }
            if type == MessageType.listRules, let rule = AuditRule(Self.copy(payload)) { rules.append(rule) }
            return false
        }
        return rules
    }

    // MARK: Messages

    private func request(_ type: UInt16, _ payload: [UInt8], call: String) throws(KernelError) {
        let expected = try send(type, payload, flags: Flag.request | Flag.acknowledge, call: call)
        try receive(expected, call: call, hasAnswer: false) { _, _ in false }
    }

    private func send(
        _ type: UInt16, _ payload: [UInt8], flags: UInt16, call: String
    ) throws(KernelError) -> UInt32 {
        sequence &+= 1
        let result = payload.withUnsafeBytes {
            caudit_send(descriptor, type, flags, sequence, $0.baseAddress, UInt32($0.count))
        }
        _ = try check(call, result, advice: AuditControl.advice)
        return sequence
    }

    /// Reads what comes back for request `expected`: an error ends it, an acknowledgement too unless messages of
    /// their own follow (`hasAnswer`), of which `take` returns true for the last.
    private func receive(
        _ expected: UInt32, call: String, hasAnswer: Bool, _ take: (UInt16, RawSpan) -> Bool
    ) throws(KernelError) {
        while true {
            let capacity = UInt32(room.count)
            let result = room.withUnsafeMutableBytes { buffer -> Int32 in
                guard let base = buffer.baseAddress else { return -ENOMEM }
                return caudit_receive(descriptor, base, capacity, Self.patience)
            }
            let length = Int(try check(call, result, advice: AuditControl.advice))
            guard length >= Self.headerSize else {
                throw KernelError(call: call, errno: ETIMEDOUT, advice: "the kernel did not answer")
            }
            let message = room
            let bytes = message.span.bytes
            let sequence = bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)
            guard sequence == expected else { continue }
            let type = bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt16.self)
            if type == MessageType.error {
                let error = bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: Int32.self)
                _ = try check(call, error, advice: AuditControl.advice)
                if !hasAnswer { return }
            } else if take(type, bytes.extracting(Self.headerSize..<length)) {
                return
            }
        }
    }

    private static func copy(_ span: RawSpan) -> [UInt8] {
        span.withUnsafeBytes { Array($0) }
    }

    private static func advice(_ errno: Int32) -> String {
        switch errno {
        case EPERM: "needs CAP_AUDIT_CONTROL, and rules that are not locked (auditctl -e 2)"
        case ECONNREFUSED: "needs the initial pid and user namespaces"
        case EEXIST: "somebody else has it"
        case ENOMEM: "the kernel is out of memory"
        default: ""
        }
    }
}
