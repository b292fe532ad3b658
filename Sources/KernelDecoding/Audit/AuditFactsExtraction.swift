internal import EventModel

extension AuditFacts {
    /// What the records of one event say; `nil` when none of them is SYSCALL or URINGOP.
    package init?(_ event: AuditEvent, records: Span<AuditRecord>, bytes: Span<UInt8>) {
        self.init(
            serial: event.id.serial, milliseconds: event.id.milliseconds, readAt: event.lastReadAt, pid: 0)
        var arguments = AuditArguments()
        var items: UInt64?
        var pathRecords: UInt64 = 0
        var hasSubject = false
        for index in records.indices {
            let record = records[index]
            switch record.type {
            case .syscall, .uringOperation:
                isUring = record.type == .uringOperation
                hasSubject = readSubject(record, bytes, &items) || hasSubject
            case .workingDirectory: readWorkingDirectory(record, bytes)
            case .path:
                pathRecords += 1
                readPath(record, bytes)
            case .execve: arguments.add(record, in: bytes)
            case .socketAddress: readSocketAddress(record, bytes)
            default: break
            }
        }
        guard hasSubject else { return nil }
        self.arguments = arguments.complete
        isIncomplete =
            event.isTruncated || event.isCutShort || items.map { $0 != pathRecords } ?? false
            || (arguments.announced != nil && !arguments.isComplete)
    }

    /// Reads SYSCALL or URINGOP. `false` without a process id: then nobody can be told who did it.
    private mutating func readSubject(
        _ record: AuditRecord, _ bytes: Span<UInt8>, _ items: inout UInt64?
    ) -> Bool {
        var user: UInt32?
        var group: UInt32?
        var effectiveUser: UInt32?
        var effectiveGroup: UInt32?
        var process: Int32?
        var fields = record.fields
        while let field = fields.next(in: bytes) {
            switch field.packedKey(in: bytes) {
            case 0x64_6970: process = field.processID(in: bytes)  // pid
            case 0x6469_7070: parentPid = field.processID(in: bytes)  // ppid
            case 0x64_6975: user = field.number32(in: bytes)  // uid
            case 0x64_6967: group = field.number32(in: bytes)  // gid
            case 0x6469_7565: effectiveUser = field.number32(in: bytes)  // euid
            case 0x6469_6765: effectiveGroup = field.number32(in: bytes)  // egid
            case 0x73_6d65_7469: items = field.number(in: bytes)  // items
            default: readSubject(field, bytes)
            }
        }
        if let user, let group, let effectiveUser, let effectiveGroup {
            credentials = Credentials(
                user: user, effectiveUser: effectiveUser, group: group, effectiveGroup: effectiveGroup)
        } else if let user, let group, isUring {
            credentials = Credentials(user: user, effectiveUser: user, group: group, effectiveGroup: group)
        }
        guard let process else { return false }
        pid = process
        return true
    }

    private mutating func readSubject(_ field: AuditField, _ bytes: Span<UInt8>) {
        switch field.packedKey(in: bytes) {
        case 0x6863_7261:  // arch
            architecture = hexadecimal(bytes, field.valueStart, field.valueEnd)
                .flatMap { UInt32(exactly: $0) }
        case 0x6c_6c61_6373_7973, 0x706f_5f67_6e69_7275:  // syscall, uring_op
            syscall = field.number32(in: bytes)
        case 0x73_7365_6363_7573:  // success
            success = field.isValue("yes", in: bytes) ? true : field.isValue("no", in: bytes) ? false : nil
        case 0x7469_7865: exitValue = field.signedNumber(in: bytes)  // exit
        case 0x6469_7561:  // auid
            loginUser = field.number32(in: bytes).map { LoginUser(kernelValue: $0) }
        case 0x73_6573:  // ses
            loginSession = field.number32(in: bytes).map { LoginSession(kernelValue: $0) }
        case 0x79_7474: terminal = field.optionalString(in: bytes) ?? ByteString()  // tty
        case 0x6d6d_6f63: name = field.optionalString(in: bytes)  // comm
        case 0x65_7865: executable = field.optionalString(in: bytes)  // exe
        case 0x79_656b:  // key
            if let all = field.optionalString(in: bytes) { keys += split(all.bytes, at: 1) }
        default: break
        }
    }

    private mutating func readWorkingDirectory(_ record: AuditRecord, _ bytes: Span<UInt8>) {
        var fields = record.fields
        while let field = fields.next(in: bytes) {
            if field.isKey("cwd", in: bytes) { workingDirectory = field.optionalString(in: bytes) }
        }
    }

    private mutating func readSocketAddress(_ record: AuditRecord, _ bytes: Span<UInt8>) {
        var fields = record.fields
        while let field = fields.next(in: bytes) {
            guard field.isKey("saddr", in: bytes), let address = field.unhexed(in: bytes) else { continue }
            if case .unix(let path)? = AuditSocketAddress(address) { socketPath = ByteString(path) }
        }
    }

    private mutating func readPath(_ record: AuditRecord, _ bytes: Span<UInt8>) {
        var path = AuditPath(name: ByteString(), nameType: .unknown)
        var name: AuditField?
        var fields = record.fields
        while let field = fields.next(in: bytes) {
            switch field.packedKey(in: bytes) {
            case 0x656d_616e: name = field  // name
            case 0x65_646f_6e69: path.inode = field.number(in: bytes)  // inode
            case 0x76_6564: path.readDevice(field, bytes)  // dev
            case 0x6564_6f6d:  // mode
                path.mode = octal(bytes, field.valueStart, field.valueEnd).flatMap { UInt32(exactly: $0) }
            case 0x6570_7974_656d_616e: path.nameType = .init(field, bytes)  // nametype
            default: break
            }
        }
        guard path.nameType != .parent else { return }
        path.name = name?.optionalString(in: bytes) ?? ByteString()
        paths.append(path)
    }
}

extension AuditPath {
    /// `fe:00`: major and minor number, hexadecimal.
    fileprivate mutating func readDevice(_ field: AuditField, _ bytes: Span<UInt8>) {
        for index in field.valueStart..<field.valueEnd where bytes[index] == UInt8(ascii: ":") {
            deviceMajor = hexadecimal(bytes, field.valueStart, index).flatMap { UInt32(exactly: $0) }
            deviceMinor = hexadecimal(bytes, index + 1, field.valueEnd).flatMap { UInt32(exactly: $0) }
            return
        }
    }
}

extension AuditPath.NameType {
    fileprivate init(_ field: AuditField, _ bytes: Span<UInt8>) {
        if field.isValue("NORMAL", in: bytes) {
            self = .normal
        } else if field.isValue("PARENT", in: bytes) {
            self = .parent
        } else if field.isValue("CREATE", in: bytes) {
            self = .created
        } else if field.isValue("DELETE", in: bytes) {
            self = .deleted
        } else {
            self = .unknown
        }
    }
}
