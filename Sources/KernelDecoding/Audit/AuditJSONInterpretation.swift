extension AuditJSONEncoder {
    /// Writes what a value means into `interpreted`, when that is more than the value itself.
    @inline(__always)
    mutating func interpret(
        _ field: AuditField, _ packed: UInt64, _ type: AuditRecordType, _ bytes: Span<UInt8>
    ) {
        guard field.valueCount > 0, !field.isQuoted else { return }
        switch packed {
        case 0x6863_7261: interpretArchitecture(field, bytes)  // arch
        case 0x6c_6c61_6373_7973: interpretSystemCall(field, bytes)  // syscall
        case 0x7469_7865: interpretExit(field, bytes)  // exit
        case 0x6469_7561, 0x73_6573, 0x646975612d646c6f, 0x7365_732d_646c_6f:  // auid, ses, old-auid, old-ses
            if field.valueCount == 10, field.isValue("4294967295", in: bytes) { put(field, "unset", bytes) }
        case 0x7264_6461_73: interpretAddress(field, bytes)  // saddr
        case 0x6564_6f6d: interpretMode(field, bytes)  // mode
        case 0x79_656b: interpretKeys(field, bytes)  // key
        // name, cwd, exe, comm, ocomm, acct, cmd, path, file, dir, data, vm, watch, device, cgroup, grp
        case 0x656d_616e, 0x64_7763, 0x65_7865, 0x6d6d_6f63, 0x6d_6d6f_636f, 0x7463_6361, 0x64_6d63, 0x6874_6170,
            0x656c_6966, 0x72_6964, 0x6174_6164, 0x6d76, 0x68_6374_6177, 0x6563_6976_6564, 0x7075_6f72_6763,
            0x70_7267:
            interpretString(field, bytes)
        default: interpretRare(field, packed, type, bytes)
        }
    }

    private mutating func interpretRare(
        _ field: AuditField, _ packed: UInt64, _ type: AuditRecordType, _ bytes: Span<UInt8>
    ) {
        switch packed {
        case 0 where field.isKey("proctitle", in: bytes): interpretTitle(field, bytes)
        case 0x7269_645f_746f_6f72: interpretString(field, bytes)  // root_dir
        case 0x706f_5f67_6e69_7275:  // uring_op
            put(field, AuditNames.uringOperation, field.number(in: bytes), bytes)
        case 0x67_6973:  // sig
            put(field, AuditNames.signal, field.number(in: bytes), bytes)
        case 0x73_6572 where !field.isNested:  // res
            if field.isValue("1", in: bytes) { put(field, "success", bytes) }
            if field.isValue("0", in: bytes) { put(field, "failed", bytes) }
        case 0x6564_6f63 where type == .seccomp: interpretAction(field, bytes)  // code
        case 0x7473_696c where type == .configChange: interpretList(field, bytes)  // list
        case 0x796c_696d_6166 where type == .netfilterConfiguration: interpretFamily(field, bytes)  // family
        case 0x7073_6572 where type == .fanotify:  // resp
            if field.isValue("1", in: bytes) { put(field, "allow", bytes) }
            if field.isValue("2", in: bytes) { put(field, "deny", bytes) }
        default: interpretCapabilities(field, type, bytes)
        }
    }

    // MARK: Writing

    /// The name of the field, up to the value's first byte.
    private mutating func begin(_ field: AuditField, _ bytes: Span<UInt8>) {
        interpreted.raw(interpreted.count > 0 ? ",\"" : "\"")
        if field.isNested { interpreted.raw("msg.") }
        interpreted.escaped(bytes, field.keyStart, field.keyEnd)
        interpreted.raw("\":")
    }

    private mutating func put(_ field: AuditField, _ text: StaticString, _ bytes: Span<UInt8>) {
        begin(field, bytes)
        interpreted.byte("\"")
        interpreted.raw(text)
        interpreted.byte("\"")
    }

    @inline(__always)
    private mutating func put(
        _ field: AuditField, _ table: AuditNameTable, _ number: UInt64?, _ bytes: Span<UInt8>
    ) {
        guard let number, let number = UInt32(exactly: number), let entry = table.entry(number) else { return }
        begin(field, bytes)
        interpreted.byte("\"")
        interpreted.escaped(table.bytes.span, Int(entry.start), Int(entry.start + entry.count))
        interpreted.byte("\"")
    }

    // MARK: Meanings

    private mutating func interpretArchitecture(_ field: AuditField, _ bytes: Span<UInt8>) {
        architecture = hexadecimal(bytes, field.valueStart, field.valueEnd)
            .flatMap { UInt32(exactly: $0) }.flatMap { AuditArchitecture(rawValue: $0) }
        if let architecture { put(field, architecture.name, bytes) }
    }

    private mutating func interpretSystemCall(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard let architecture else { return }
        put(field, architecture.systemCalls, field.number(in: bytes), bytes)
    }

    private mutating func interpretExit(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard bytes[field.valueStart] == UInt8(ascii: "-") else { return }
        put(field, AuditNames.errno, decimal(bytes, field.valueStart + 1, field.valueEnd), bytes)
    }

    private mutating func interpretAddress(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard let address = field.unhexed(in: bytes).flatMap({ AuditSocketAddress($0) }) else { return }
        begin(field, bytes)
        address.write(to: &interpreted)
    }

    private mutating func interpretString(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard let decoded = field.unhexed(in: bytes) else { return }
        begin(field, bytes)
        interpreted.byte("\"")
        interpreted.escaped(decoded)
        interpreted.byte("\"")
    }

    private mutating func interpretKeys(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard let decoded = field.unhexed(in: bytes) else { return }
        begin(field, bytes)
        interpreted.strings(split(decoded, at: 1))
    }

    private mutating func interpretTitle(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard let title = field.unhexed(in: bytes) else { return }
        begin(field, bytes)
        interpreted.raw("[\"")
        // Argument by argument, with no array of them: most events have a title.
        var start = 0
        for index in title.indices where title[index] == 0 {
            interpreted.escaped(title.span, start, index)
            start = index + 1
            if start < title.count { interpreted.raw("\",\"") }
        }
        interpreted.escaped(title.span, start, title.count)
        interpreted.raw("\"]")
    }

    private mutating func interpretMode(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard let mode = octal(bytes, field.valueStart, field.valueEnd) else { return }
        let kind: StaticString =
            switch mode & 0o170000 {
            case 0o100000: "file"
            case 0o040000: "directory"
            case 0o120000: "symlink"
            case 0o020000: "character device"
            case 0o060000: "block device"
            case 0o010000: "fifo"
            case 0o140000: "socket"
            default: ""
            }
        guard kind.utf8CodeUnitCount > 0 else { return }
        begin(field, bytes)
        interpreted.byte("\"")
        interpreted.raw(kind)
        interpreted.byte(" ")
        for shift in [9, 6, 3, 0] as [UInt64] { interpreted.number(mode >> shift & 7) }
        interpreted.byte("\"")
    }

    private mutating func interpretAction(_ field: AuditField, _ bytes: Span<UInt8>) {
        guard hasPrefix("0x", bytes, at: field.valueStart, end: field.valueEnd),
            let code = hexadecimal(bytes, field.valueStart + 2, field.valueEnd)
        else { return }
        switch code & 0xffff_0000 {
        case 0x8000_0000: put(field, "kill_process", bytes)
        case 0: put(field, "kill_thread", bytes)
        case 0x0003_0000: put(field, "trap", bytes)
        case 0x0005_0000: put(field, "errno", bytes)
        case 0x7fc0_0000: put(field, "user_notif", bytes)
        case 0x7ff0_0000: put(field, "trace", bytes)
        case 0x7ffc_0000: put(field, "log", bytes)
        case 0x7fff_0000: put(field, "allow", bytes)
        default: break
        }
    }

    private mutating func interpretList(_ field: AuditField, _ bytes: Span<UInt8>) {
        let lists: [StaticString] = ["user", "task", "entry", "watch", "exit", "exclude", "filesystem", "io_uring"]
        if let number = field.number(in: bytes), number < UInt64(lists.count) {
            put(field, lists[Int(number)], bytes)
        }
    }

    private mutating func interpretFamily(_ field: AuditField, _ bytes: Span<UInt8>) {
        switch field.number(in: bytes) {
        case 1: put(field, "inet", bytes)
        case 2: put(field, "ipv4", bytes)
        case 3: put(field, "arp", bytes)
        case 5: put(field, "netdev", bytes)
        case 7: put(field, "bridge", bytes)
        case 10: put(field, "ipv6", bytes)
        default: break
        }
    }

    /// `cap_fp=`, `old_pp=`, `pe=`, …: sets of capabilities in PATH, CAPSET and BPRM_FCAPS.
    private mutating func interpretCapabilities(
        _ field: AuditField, _ type: AuditRecordType, _ bytes: Span<UInt8>
    ) {
        guard type == .path || type.rawValue == 1321 || type.rawValue == 1322, field.valueCount == 16,
            let set = hexadecimal(bytes, field.valueStart, field.valueEnd), set != 0
        else { return }
        begin(field, bytes)
        // The same few sets come again and again, and their text is long.
        if set != capabilities.set {
            capabilities.set = set
            capabilities.text.removeAll()
            Self.write(capabilities: set, to: &capabilities.text)
        }
        interpreted.append(capabilities.text)
    }

    private static func write(capabilities: UInt64, to writer: inout JSONByteWriter) {
        var set = capabilities
        let names = AuditNames.capability
        writer.byte("[")
        while set != 0 {
            let bit = set.trailingZeroBitCount
            set &= set - 1
            writer.byte("\"")
            if let entry = names.entry(UInt32(bit)) {
                writer.escaped(names.bytes.span, Int(entry.start), Int(entry.start + entry.count))
            } else {
                writer.number(UInt64(bit))
            }
            writer.raw(set != 0 ? "\"," : "\"")
        }
        writer.byte("]")
    }
}
