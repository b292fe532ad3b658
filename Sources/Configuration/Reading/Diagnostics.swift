/// Gathers what is wrong in one file, within a bound.
final class Diagnostics {
    private let file: String
    private var errors: [ConfigurationError] = []
    private var omitted = 0
    /// The key whose value is being read, for messages.
    var key = ""
    /// The word that the key takes as well as its values, for messages.
    var alternative: String?

    init(file: String) { self.file = file }

    /// Whether another error would be counted only, so that its text need not be made.
    var isFull: Bool { errors.count >= ConfigurationErrors.mostReported }

    func report(
        _ position: FilePosition?, _ problem: @autoclosure () -> String, advice: @autoclosure () -> String
    ) {
        guard !isFull else {
            omitted += 1
            return
        }
        errors.append(
            ConfigurationError(file: file, position: position, problem: problem(), advice: advice()))
    }

    /// Throws what was reported, if anything was.
    func check() throws(ConfigurationErrors) {
        guard !errors.isEmpty else { return }
        let sorted = errors.sorted {
            guard let left = $0.position, let right = $1.position else { return $0.position == nil }
            return (left.line, left.column) < (right.line, right.column)
        }
        throw ConfigurationErrors(sorted, omitted: omitted)
    }
}

/// Text of the file as a message may show it: short, on one line, without control characters.
func shown(_ text: String) -> String {
    var result = "`"
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == 48 {
            result += "…"
            break
        }
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        let isInvisible = (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        result.unicodeScalars.append(isControl || isInvisible ? "\u{FFFD}" : scalar)
    }
    return result + "`"
}
