internal import EventModel

extension PackageManager {
    /// The native type of its packages, as the schema has it.
    fileprivate var packageType: StaticString {
        switch self {
        case .dpkg: "deb"
        case .rpm: "rpm"
        }
    }
}

extension ByteWriter {
    /// `package`, which is absent when the change belongs to none.
    mutating func packageFields(_ verdict: PackageVerdict?) {
        guard let verdict, let package = verdict.package else { return }
        object("package") { writer in
            writer.field("name", package.name)
            if let version = package.version { writer.field("version", version) }
            if let architecture = package.architecture { writer.field("architecture", architecture) }
            writer.field("type", literal: verdict.manager.packageType)
        }
    }

    /// The member of `vedette` with what the package database says.
    mutating func packageVerdict(_ verdict: PackageVerdict?, _ context: ECSContext) {
        guard let verdict else { return }
        object("package") { writer in
            writer.field("manager", verdict.manager.rawValue)
            writer.field("verdict", verdict.judgement.rawValue)
            writer.field("reason", verdict.reason.rawValue)
            writer.exactBytes("name_bytes", of: verdict.package?.name)
            writer.exactBytes("version_bytes", of: verdict.package?.version)
            if let transaction = verdict.transaction {
                writer.object("transaction") { $0.transaction(transaction, context) }
            }
        }
    }

    private mutating func transaction(_ transaction: PackageTransaction, _ context: ECSContext) {
        field("pid", UInt64(UInt32(bitPattern: transaction.pid)))
        if let start = transaction.start { entity(transaction.pid, start) }
        if !transaction.arguments.isEmpty {
            commandLine(transaction.arguments)
            exactBytes("args_bytes", ofAll: transaction.arguments)
        }
        if let user = transaction.user {
            object("user") { $0.idAndName(user, context.names.user(user)) }
        }
        switch transaction.loginUser {
        case nil: break
        case .unset: object("login_user") { $0.field("id", literal: "unset") }
        case .user(let id): object("login_user") { $0.idAndName(id, context.names.user(id)) }
        }
    }
}

extension PackageVerdict {
    /// `pkg curl 8.0 expected`, with the reason where it is not.
    func append(to text: inout TerminalText) {
        text.append("  pkg", .dim)
        if let package {
            text.append(" ")
            text.append(untrusted: package.name)
            if let version = package.version {
                text.append(" ")
                text.append(untrusted: version)
            }
        }
        text.append(" ")
        text.append(judgement.rawValue, judgement.style)
        guard judgement != .expected else { return }
        let words = reason.rawValue.map { $0 == "_" ? " " : $0 }
        text.append(" (\(String(words)))", .dim)
    }
}

extension PackageVerdict.Judgement {
    fileprivate var style: TerminalStyle {
        switch self {
        case .expected: .green
        case .attributed: .dim
        case .unexpected: .alarm
        }
    }
}
