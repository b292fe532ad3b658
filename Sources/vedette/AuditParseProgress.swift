internal import Glibc

/// A bar on standard error that says how far big files are, when a person is looking.
struct AuditParseProgress {
    /// Smaller inputs are done before a bar would be seen.
    private static let worthwhile: UInt64 = 64 << 20
    private static let width = 40

    private var total: UInt64 = 0
    private var before: UInt64 = 0
    private var current = ""
    private var shown = -1
    private var isOn = false

    /// Adds up the sizes of `files`; without a size for each, as with pipes, there is no bar.
    mutating func begin(_ files: [String]) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        for file in files {
            var status = stat()
            guard file != "-", stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
            total += UInt64(status.st_size)
        }
        isOn = total >= Self.worthwhile
    }

    /// `position` bytes of `file` have been read, as they are on disk.
    mutating func advance(file: String, to position: UInt64) {
        guard isOn else { return }
        if file != current {
            current = file
            before += last
        }
        last = position
        let percent = Int(min(100, (before + position) * 100 / max(1, total)))
        guard percent != shown else { return }
        shown = percent
        let filled = percent * Self.width / 100
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.width - filled)
        put("\r[\(bar)] \(percent) %")
    }

    private var last: UInt64 = 0

    /// Takes the bar away.
    mutating func end() {
        if shown >= 0 { put("\r\u{1b}[K") }
        isOn = false
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
