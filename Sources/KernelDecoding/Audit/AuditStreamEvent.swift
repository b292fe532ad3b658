package import EventModel

/// A process got its login user: the LOGIN record.
package struct AuditLogin: Equatable, Sendable {
    package var id: AuditRecordID
    package var pid: Int32
    package var oldUser: LoginUser?
    package var user: LoginUser?
    package var session: LoginSession?
    /// Whether the kernel let it happen; `nil` when the record does not say.
    package var success: Bool?
    /// CLOCK_MONOTONIC nanoseconds.
    package var readAt: UInt64

    package init(id: AuditRecordID, pid: Int32, readAt: UInt64) {
        self.id = id
        self.pid = pid
        self.readAt = readAt
    }
}

/// Somebody changed what the kernel audits: the CONFIG_CHANGE record.
package struct AuditConfigurationChange: Equatable, Sendable {
    package var id: AuditRecordID
    /// `add_rule`, `remove_rule`, `set`, `updated_rules`, …
    package var operation: ByteString?
    /// The rule's key.
    package var key: ByteString?
    /// With `set`: `audit_enabled`, `audit_pid`, `audit_backlog_limit`, …, the new and the old value.
    package var setting: ByteString?
    package var value: Int64?
    package var oldValue: Int64?
    package var loginUser: LoginUser?
    package var loginSession: LoginSession?
    /// Whether it was done.
    package var success: Bool?
    /// Known when the event has a SYSCALL record, which it has only when a rule asks for that.
    package var pid: Int32?
}

/// What comes out of a live audit stream.
package enum AuditStreamEvent: Sendable {
    /// A system call or io_uring operation that a rule asked for.
    case facts(AuditFacts)
    case login(AuditLogin)
    case configurationChange(AuditConfigurationChange)
    /// Another process asked to become the audit daemon in our place.
    case daemonReplace(pid: Int32)
    /// Serial numbers that did not arrive.
    case lost(AuditLoss)
    /// An event of no concern here; the type of its first record.
    case other(AuditRecordType, AuditRecordID)
}

extension AuditLogin {
    /// Decodes a LOGIN record: `old-auid=… auid=…`, and before Linux 3.14 `old auid=… new auid=…`.
    init?(_ record: AuditRecord, id: AuditRecordID, readAt: UInt64, in bytes: Span<UInt8>) {
        self.init(id: id, pid: 0, readAt: readAt)
        var process: Int32?
        var fields = record.fields
        while let field = fields.next(in: bytes) {
            let isOld =
                field.keyStart >= 4 && hasPrefix("old ", bytes, at: field.keyStart - 4, end: bytes.count)
            if field.isKey("pid", in: bytes) {
                process = field.processID(in: bytes)
            } else if field.isKey("old-auid", in: bytes) || isOld && field.isKey("auid", in: bytes) {
                oldUser = field.number32(in: bytes).map { LoginUser(kernelValue: $0) }
            } else if field.isKey("auid", in: bytes) {
                user = field.number32(in: bytes).map { LoginUser(kernelValue: $0) }
            } else if field.isKey("ses", in: bytes), !isOld {
                session = field.number32(in: bytes).map { LoginSession(kernelValue: $0) }
            } else if field.isKey("res", in: bytes) {
                success = field.isValue("1", in: bytes)
            }
        }
        guard let process else { return nil }
        pid = process
    }
}

extension AuditConfigurationChange {
    init(_ record: AuditRecord, id: AuditRecordID, in bytes: Span<UInt8>) {
        self.init(id: id)
        var fields = record.fields
        while let field = fields.next(in: bytes) {
            if field.isKey("op", in: bytes) {
                operation = field.optionalString(in: bytes)
            } else if field.isKey("key", in: bytes) {
                key = field.optionalString(in: bytes)
            } else if field.isKey("old", in: bytes) {
                oldValue = field.signedNumber(in: bytes)
            } else if field.isKey("auid", in: bytes) {
                loginUser = field.number32(in: bytes).map { LoginUser(kernelValue: $0) }
            } else if field.isKey("ses", in: bytes) {
                loginSession = field.number32(in: bytes).map { LoginSession(kernelValue: $0) }
            } else if field.isKey("res", in: bytes) {
                success = field.isValue("1", in: bytes)
            } else if setting == nil, hasPrefix("audit_", bytes, at: field.keyStart, end: field.keyEnd) {
                setting = ByteString(copy(bytes, field.keyStart, field.keyEnd))
                value = field.signedNumber(in: bytes)
            }
        }
    }
}
