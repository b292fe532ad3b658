internal import EventModel

/// Who did it, on one line: user, programs from the nearest to init, container, process id.
struct WhoText {
    private let user: TerminalText
    private let programs: [ByteString]
    private let place: TerminalText
    private let colour: Bool

    init(_ attribution: Attribution, _ names: NameTable, colour: Bool) {
        self.colour = colour
        user = Self.user(of: attribution.process, names, colour)
        programs = ([attribution.process] + attribution.ancestors).map { $0.program ?? "?" }
        place = Self.place(of: attribution.process, colour)
    }

    /// The fullest form of at most `columns`: ancestors are left out from the middle; the program and who started it
    /// never are.
    func fitting(_ columns: Int) -> TerminalText {
        var shortest = line(keeping: programs.count)
        var kept = programs.count - 1
        while shortest.columns > columns, kept >= 2 {
            shortest = line(keeping: kept)
            kept -= 1
        }
        return shortest
    }

    /// `kept` programs: the nearest ones, and the last one, init, when three or more are kept.
    private func line(keeping kept: Int) -> TerminalText {
        var text = user
        text.append("  ")
        let nearest = kept == programs.count ? kept : kept >= 3 ? kept - 1 : kept
        for (index, program) in programs.prefix(nearest).enumerated() {
            if index > 0 { text.append(" < ", .dim) }
            text.append(untrusted: program, index == 0 ? .bold : nil)
        }
        if nearest < kept, let last = programs.last {
            text.append(" < .. < ", .dim)
            text.append(untrusted: last)
        }
        text.append(place)
        return text
    }

    /// `root (login alice)`: the effective user, and the others where they differ.
    private static func user(of process: ProcessIdentity, _ names: NameTable, _ colour: Bool) -> TerminalText
    {
        var text = TerminalText(colour: colour)
        let name: (UInt32) -> ByteString = { names.user($0) ?? ByteString("uid \($0)") }
        let credentials = process.credentials.value
        if let credentials {
            text.append(untrusted: name(credentials.effectiveUser), .cyan)
        } else {
            text.append("unknown user", .dim)
        }
        var further: [ByteString] = []
        // A set-user-id program of the user who logged in: one name says both.
        let isLogin = credentials.map { process.loginUser.value == .user($0.user) } ?? false
        if let credentials, credentials.user != credentials.effectiveUser, !isLogin {
            further.append(ByteString(Array("real ".utf8) + name(credentials.user).bytes))
        }
        switch process.loginUser.value {
        case .unset: further.append("login unset")
        case .user(let id) where id != credentials?.effectiveUser:
            further.append(ByteString(Array("login ".utf8) + name(id).bytes))
        case .user, nil: break
        }
        if !further.isEmpty {
            text.append(" (")
            text.append(untrusted: ByteString(Array(further.map(\.bytes).joined(separator: ", ".utf8))))
            text.append(")")
        }
        return text
    }

    /// `  in docker 3f2a1b2c3d4e  pid 812`
    private static func place(of process: ProcessIdentity, _ colour: Bool) -> TerminalText {
        var text = TerminalText(colour: colour)
        if case .container(let container) = process.container.value {
            text.append("  in ")
            text.append(untrusted: ByteString(container.label), .magenta)
        }
        text.append("  pid \(process.pid)", .dim)
        return text
    }
}

extension ContainerIdentity {
    /// `namespace/pod`, else `docker 3f2a1b2c3d4e`.
    fileprivate var label: String {
        if let podName { return "pod " + (podNamespace.map { "\($0)/" } ?? "") + podName }
        if runtime == "unknown", id.isEmpty { return "a container" }
        let isHash = id.utf8.count == 64
        return id.isEmpty ? runtime : runtime + " " + (isHash ? String(id.prefix(12)) : id)
    }
}
