internal import Configuration

/// What `vedette run` was asked for.
package struct RunOptions: Sendable, Equatable {
    /// The configuration; `nil` for the one at the usual place below `root`.
    package var configuration: String?
    /// What stands for `/` of everything that is the sensor's own; empty for the real one.
    package var root = ""
    /// Where the host's root directory is: `/host` in a pod; empty for `/`.
    package var hostRoot = ""
    /// Says what it has to say as JSON lines.
    package var printsJSON = false

    package init() {}

    /// The arguments with which `vedetted` does this.
    package var arguments: [String] {
        var result = ["run"]
        if let configuration { result += ["--config", configuration] }
        if !root.isEmpty { result += ["--root", root] }
        if !hostRoot.isEmpty { result += ["--host-root", hostRoot] }
        if printsJSON { result.append("--json") }
        return result
    }

    /// Reads `arguments` back.
    package init(arguments: some Sequence<String>) throws(ArgumentProblem) {
        var rest = Array(arguments)[...]
        guard rest.popFirst() == "run" else { throw ArgumentProblem(message: "no command") }
        while let argument = rest.popFirst() {
            if argument == "--json" {
                printsJSON = true
                continue
            }
            guard let value = rest.popFirst() else {
                throw ArgumentProblem(message: "\(argument) without a value")
            }
            switch argument {
            case "--config": configuration = value
            case "--root": root = value
            case "--host-root": hostRoot = value
            default: throw ArgumentProblem(message: "\(argument) is not known")
            }
        }
    }

    var configurationPath: String { configuration ?? ConfigurationFile.defaultPath(root: root) }
}
