/// What a diff may cost and how long it may become.
package struct DiffLimits: Hashable, Sendable {
    /// The most that `inputBytes` can be.
    package static let mostInputBytes = 1 << 20

    /// Texts that are longer, before or after, are not compared. Bytes, up to `mostInputBytes`.
    package var inputBytes = 64 << 10 {
        didSet { inputBytes = min(max(inputBytes, 0), Self.mostInputBytes) }
    }
    /// The most that is shown. Bytes.
    package var outputBytes = 4_096
    /// The most that is shown. Lines, those of the format itself too.
    package var outputLines = 100
    /// What is shown of one line. Bytes, as they are in the file.
    package var lineBytes = 256

    package init() {}
}
