internal import Configuration
internal import Glibc

/// One run of `vedette config`. Each returns the exit code.
struct ConfigSession {
    /// As typed; `nil` for the usual one.
    let file: String?
    /// What stands for `/`; empty for the real one.
    let root: String
    let isJSON: Bool

    private var path: String { file ?? ConfigurationFile.defaultPath(root: root) }

    /// Says whether the file is good. 0 when it is, 1 when it is not.
    func check() -> Int32 {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationFile.load(path)
            print(isJSON ? verdict(nil).json : "\(path): good")
            return 0
        } catch {
            if isJSON { print(verdict(error).json) } else { complain(error) }
            return 1
        }
    }

    /// Prints what holds. 0 when that is known, else 1.
    func show() -> Int32 {
        do throws(ConfigurationErrors) {
            print(try ConfigurationFile.load(path), title: "\(path), with defaults filled in")
        } catch {
            guard error.isMissingFile, file == nil else {
                complain(error)
                return 1
            }
            let title = "built-in defaults: there is no \(path)"
            say("vedette: \(title)\n")
            print(SensorConfiguration.builtIn(), title: title)
        }
        return 0
    }

    private func print(_ configuration: SensorConfiguration, title: String) {
        let tree = configuration.tree(root: root)
        print(isJSON ? tree.json : "# \(title)\n" + tree.yaml, terminator: isJSON ? "\n" : "")
    }

    private func print(_ text: String, terminator: String = "\n") {
        Swift.print(text, terminator: terminator)
    }

    private func complain(_ errors: ConfigurationErrors) { say("\(errors)\n") }

    private func say(_ text: String) {
        let bytes = Array(text.utf8)
        // Nothing helps when standard error is closed.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private func verdict(_ errors: ConfigurationErrors?) -> ConfigurationTree {
        var members = [
            ConfigurationTree.Member("file", .text(path)), .init("valid", .bool(errors == nil)),
        ]
        if let errors {
            members.append(.init("errors", .list(errors.errors.map(\.tree))))
            members.append(.init("omitted", .number(UInt64(errors.omitted))))
        }
        return .mapping(members)
    }
}

extension ConfigurationError {
    fileprivate var tree: ConfigurationTree {
        var members: [ConfigurationTree.Member] = []
        if let position {
            members.append(.init("line", .number(UInt64(position.line))))
            members.append(.init("column", .number(UInt64(position.column))))
        }
        members.append(.init("problem", .text(problem)))
        members.append(.init("advice", .text(advice)))
        return .mapping(members)
    }
}
