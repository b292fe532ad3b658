/// What `vedette watch` was asked for.
package struct WatchOptions: Sendable, Equatable {
    package enum Format: Sendable, Equatable {
        case json
        case terminal(allowsColour: Bool)
    }

    /// As typed; may be relative.
    package var paths: [String]
    package var usesAudit = true
    /// Nanoseconds.
    package var settleWindow: UInt64 = 250_000_000
    /// Nanoseconds from one canary to the next; 0 for none.
    package var canaryInterval: UInt64 = 60_000_000_000
    package var format = Format.terminal(allowsColour: true)

    package init(paths: [String]) { self.paths = paths }
}

/// Arguments that `vedetted` does not understand.
package struct ArgumentProblem: Error {
    package var message: String
}

extension WatchOptions {
    /// The arguments with which `vedetted` does this.
    package var arguments: [String] {
        var result = ["watch", "--settle-ns", "\(settleWindow)", "--canary-ns", "\(canaryInterval)"]
        if !usesAudit { result.append("--no-audit") }
        switch format {
        case .json: result.append("--json")
        case .terminal(allowsColour: false): result.append("--no-color")
        case .terminal(allowsColour: true): break
        }
        return result + ["--"] + paths
    }

    /// Reads `arguments` back.
    package init(arguments: some Sequence<String>) throws(ArgumentProblem) {
        self.init(paths: [])
        var rest = Array(arguments)[...]
        guard rest.popFirst() == "watch" else { throw ArgumentProblem(message: "no command") }
        while let argument = rest.popFirst() {
            switch argument {
            case "--": (paths, rest) = (Array(rest), [])
            case "--no-audit": usesAudit = false
            case "--json": format = .json
            case "--no-color": format = .terminal(allowsColour: false)
            case "--settle-ns":
                settleWindow = try Self.number(of: argument, from: &rest)
            case "--canary-ns":
                canaryInterval = try Self.number(of: argument, from: &rest)
            default: throw ArgumentProblem(message: "\(argument) is not known")
            }
        }
        if paths.isEmpty { throw ArgumentProblem(message: "no paths") }
    }

    private static func number(
        of argument: String, from rest: inout ArraySlice<String>
    ) throws(ArgumentProblem) -> UInt64 {
        guard let number = rest.popFirst().flatMap({ UInt64($0) }) else {
            throw ArgumentProblem(message: "\(argument) without a number")
        }
        return number
    }
}
