internal import EventModel

extension ProcessIdentity {
    /// What people call it: the executable's name, else `comm`.
    var program: ByteString? {
        if let executable = executable.value, !executable.isEmpty { return executable.lastComponent }
        guard let name = name.value, !name.isEmpty else { return nil }
        return name
    }
}

extension ByteWriter {
    /// The members of `process`, and of `process.parent`.
    mutating func process(_ process: ProcessIdentity, _ context: ECSContext) {
        identity(process)
        if let start = context.moment(sinceBoot: process.start) { field("start", timestamp: start) }
        if let arguments = process.arguments.value, !arguments.isEmpty {
            array("args") { writer in
                for argument in arguments { writer.element(argument) }
            }
            field("args_count", UInt64(arguments.count))
            commandLine(arguments)
        }
        if let directory = process.workingDirectory.value { field("working_directory", directory) }
        if let terminal = process.terminal.value { self.terminal(terminal) }
    }

    /// Which process: its number, the id that tells it apart from others of that number, and its program.
    private mutating func identity(_ process: ProcessIdentity) {
        field("pid", UInt64(UInt32(bitPattern: process.pid)))
        if let start = process.start { entity(process.pid, start) }
        if let executable = process.executable.value { field("executable", executable) }
        if let name = process.name.value ?? process.program { field("name", name) }
    }

    /// `entity_id`: one process of this boot.
    mutating func entity(_ pid: Int32, _ start: UInt64) {
        write(key: "entity_id")
        append(UInt8(ascii: "\""))
        append(decimal: UInt64(UInt32(bitPattern: pid)))
        append(UInt8(ascii: "-"))
        append(decimal: start)
        append(UInt8(ascii: "\""))
    }

    /// The arguments with spaces between them, for search; `args` is the truth.
    mutating func commandLine(_ arguments: [ByteString]) {
        write(key: "command_line")
        append(UInt8(ascii: "\""))
        for (index, argument) in arguments.enumerated() {
            if index > 0 { append(UInt8(ascii: " ")) }
            escape(argument.bytes.span)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func terminal(_ name: ByteString) {
        field("interactive", !name.isEmpty)
        guard let device = terminalDevice(name) else { return }
        object("tty") { writer in
            writer.object("char_device") { writer in
                writer.field("major", device.major)
                writer.field("minor", device.minor)
            }
        }
    }

    mutating func parent(of attribution: Attribution, _ context: ECSContext) {
        let known = attribution.process.parentPid.value
        object("parent") { writer in
            if let parent = attribution.ancestors.first, known == nil || known == parent.pid {
                writer.process(parent, context)
                writer.object("user") { $0.user(parent.credentials.value, context) }
                writer.object("group") { $0.group(parent.credentials.value?.group, context) }
            } else if let known {
                writer.field("pid", UInt64(UInt32(bitPattern: known)))
            }
        }
    }

    /// The members of a `user`: the real one, and the effective one, which decides access.
    mutating func user(_ credentials: Credentials?, _ context: ECSContext) {
        guard let credentials else { return }
        idAndName(credentials.user, context.names.user(credentials.user))
        object("effective") { writer in
            writer.idAndName(credentials.effectiveUser, context.names.user(credentials.effectiveUser))
            writer.object("group") { $0.group(credentials.effectiveGroup, context) }
        }
    }

    mutating func group(_ id: UInt32?, _ context: ECSContext) {
        if let id { idAndName(id, context.names.group(id)) }
    }

    mutating func idAndName(_ id: UInt32, _ name: ByteString?) {
        field("id", keyword: UInt64(id))
        if let name { field("name", name) }
    }

    mutating func container(_ placement: ContainerPlacement?) {
        guard case .container(let container) = placement else { return }
        object("container") { writer in
            if !container.id.isEmpty { writer.field("id", container.id) }
            writer.field("runtime", container.runtime)
            if let image = container.image {
                writer.object("image") { $0.field("name", image) }
            }
        }
        guard container.podUID != nil || container.podName != nil else { return }
        object("orchestrator") { writer in
            writer.field("type", literal: "kubernetes")
            if let namespace = container.podNamespace { writer.field("namespace", namespace) }
            writer.object("resource") { writer in
                writer.field("type", literal: "pod")
                if let name = container.podName { writer.field("name", name) }
            }
        }
    }

    /// The members of `vedette` about who did it.
    mutating func who(_ attribution: Attribution, _ context: ECSContext) {
        let process = attribution.process
        switch process.loginUser.value {
        case nil: break
        case .unset: object("login_user") { $0.field("id", literal: "unset") }
        case .user(let id): object("login_user") { $0.idAndName(id, context.names.user(id)) }
        }
        switch process.loginSession.value {
        case nil: break
        case .unset: field("session", literal: "unset")
        case .session(let id): field("session", keyword: UInt64(id))
        }
        switch process.container.value {
        case nil: break
        case .host: field("placement", literal: "host")
        case .container(let container):
            field("placement", literal: "container")
            if let uid = container.podUID { object("pod") { $0.field("uid", uid) } }
        }
        object("process") { writer in
            if let terminal = process.terminal.value { writer.field("terminal", terminal) }
            writer.exactBytes(of: process)
            if let parent = attribution.ancestors.first {
                writer.object("parent") { $0.exactBytes(of: parent) }
            }
            writer.array("ancestors") { writer in
                for ancestor in attribution.ancestors { writer.element { $0.ancestor(ancestor) } }
            }
        }
    }

    private mutating func ancestor(_ process: ProcessIdentity) {
        identity(process)
        exactBytes("executable_bytes", of: process.executable.value)
        exactBytes("name_bytes", of: process.name.value)
    }

    private mutating func exactBytes(of process: ProcessIdentity) {
        exactBytes("executable_bytes", of: process.executable.value)
        exactBytes("name_bytes", of: process.name.value)
        exactBytes("args_bytes", ofAll: process.arguments.value)
        exactBytes("working_directory_bytes", of: process.workingDirectory.value)
    }

    /// `vedette.provenance`: how each attribute is known, also of those that are not.
    mutating func provenance(of process: ProcessIdentity) {
        object("provenance") { writer in
            writer.provenance("parent_pid", process.parentPid)
            writer.provenance("executable", process.executable)
            writer.provenance("args", process.arguments)
            writer.provenance("working_directory", process.workingDirectory)
            writer.provenance("name", process.name)
            writer.provenance("user", process.credentials)
            writer.provenance("login_user", process.loginUser)
            writer.provenance("session", process.loginSession)
            writer.provenance("terminal", process.terminal)
            writer.provenance("container", process.container)
        }
    }

    private mutating func provenance<Value>(_ key: StaticString, _ value: Attributed<Value>) {
        object(key) { writer in
            writer.field("provenance", value.provenance.rawValue)
            writer.field("source", value.source.rawValue)
        }
    }
}

/// The device of a terminal that is named `pts/3`, `tty1` or `ttyS0`.
///
/// The corresponding definitions are in `Documentation/admin-guide/devices.txt` of the kernel.
func terminalDevice(_ name: ByteString) -> (major: UInt64, minor: UInt64)? {
    let rest: (ByteString) -> UInt64? = { prefix in
        guard name.bytes.starts(with: prefix.bytes) else { return nil }
        let digits = name.bytes.dropFirst(prefix.count)
        guard (1...5).contains(digits.count) else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return number
    }
    if let number = rest("pts/") { return (136 + number / 256, number % 256) }
    if let number = rest("ttyS") { return (4, 64 + number) }
    if let number = rest("tty") { return (4, number) }
    return nil
}
