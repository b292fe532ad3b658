internal import Configuration
internal import Glibc

/// One run of `vedette config`. Each returns the exit code.
struct ConfigSession {
    /// As typed; `nil` for the usual one.
    let file: String?
    /// What stands for `/`; empty for the real one.
    let root: String
    /// Where the host's `/` is: built-in watches are those that it has. Empty for `/`.
    let hostRoot: String
    let isJSON: Bool

    private var path: String { file ?? ConfigurationFile.defaultPath(root: root) }

    /// Says whether the file is good. 0 when it is, 2 when it is not, 1 when that cannot be written.
    func check() -> Int32 {
        do throws(ConfigurationErrors) {
            _ = try load()
            return answer(isJSON ? verdict(nil).json + "\n" : "\(path): good\n")
        } catch {
            if !isJSON { return complain(error) }
            return answer(verdict(error).json + "\n") == 0 ? 2 : 1
        }
    }

    /// Prints what holds. 0 when that is known, 2 when the file is not good, 1 when it cannot be written.
    func show() -> Int32 {
        do throws(ConfigurationErrors) {
            return try answer(load(), title: "\(path), with defaults filled in")
        } catch {
            guard error.isMissingFile, file == nil else { return complain(error) }
            let title = "built-in defaults: there is no \(path)"
            say("vedette: \(title)\n")
            return answer(
                SensorConfiguration.builtIn { SensorConfiguration.isOnDisk(hostRoot + $0) }, title: title)
        }
    }

    private func load() throws(ConfigurationErrors) -> SensorConfiguration {
        try ConfigurationFile.load(path, hostRoot: hostRoot)
    }

    private func answer(_ configuration: SensorConfiguration, title: String) -> Int32 {
        let tree = configuration.tree(root: root)
        if isJSON { return answer(tree.json + "\n") }
        let line = title.filter { !$0.isNewline }
        return answer("# \(line)\n" + tree.yaml)
    }

    private func answer(_ text: String) -> Int32 {
        if write(text, to: STDOUT_FILENO) { return 0 }
        say("vedette: standard output cannot be written\n")
        return 1
    }

    private func complain(_ errors: ConfigurationErrors) -> Int32 {
        say("\(errors)\n")
        return 2
    }

    private func say(_ text: String) {
        // Nothing helps when standard error is closed.
        _ = write(text, to: STDERR_FILENO)
    }

    private func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let wrote = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if wrote < 0, errno == EINTR { continue }
            guard wrote > 0 else { return false }
            rest = rest.dropFirst(wrote)
        }
        return true
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
