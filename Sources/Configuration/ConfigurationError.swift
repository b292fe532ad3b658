/// Where something stands in a file.
package struct FilePosition: Equatable, Sendable {
    /// From 1.
    package var line: Int
    /// From 1, in characters (Unicode scalars).
    package var column: Int

    package init(line: Int, column: Int) { (self.line, self.column) = (line, column) }
}

/// One thing that is wrong in a configuration file.
package struct ConfigurationError: Error, Equatable, Sendable {
    package var file: String
    /// `nil` when it is the file as a whole.
    package var position: FilePosition?
    /// What is wrong.
    package var problem: String
    /// What to do about it.
    package var advice: String

    package init(file: String, position: FilePosition?, problem: String, advice: String) {
        self.file = file
        self.position = position
        self.problem = problem
        self.advice = advice
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: problem; advice`
    package var description: String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        return "\(file)\(place): \(problem); \(advice)"
    }
}

/// Everything that is wrong in a configuration file, in the order of the file.
package struct ConfigurationErrors: Error, Equatable, Sendable {
    /// More are counted only.
    package static let mostReported = 50

    /// Never empty.
    package var errors: [ConfigurationError]
    package var omitted: Int
    /// Whether there is no such file at all.
    package var isMissingFile: Bool

    package init(_ errors: [ConfigurationError], omitted: Int = 0, isMissingFile: Bool = false) {
        self.errors = errors
        self.omitted = omitted
        self.isMissingFile = isMissingFile
    }
}

extension ConfigurationErrors: CustomStringConvertible {
    /// One line an error.
    package var description: String {
        var lines = errors.map(\.description)
        if omitted > 0 { lines.append("\(errors.first?.file ?? ""): and \(omitted) more") }
        return lines.joined(separator: "\n")
    }
}
