internal import Glibc

/// A shell pattern for files: one without a slash is for names (`*.swp`), one with a slash for whole paths and what is
/// below them (`/etc/mtab`, `/home/*/.cache`).
///
/// The corresponding function is `fnmatch(3)`.
package struct PathPattern: Hashable, Sendable {
    private let pattern: [CChar]
    private let isForNames: Bool

    package init(_ text: String) {
        isForNames = !text.utf8.contains(UInt8(ascii: "/"))
        pattern = Array(text.utf8CString)
    }

    /// Whether it is meant by the pattern; a parent of `path` that is meant has been left out already.
    package func matches(_ path: ByteString) -> Bool {
        let text = path.zeroTerminated
        return text.withUnsafeBufferPointer { text in
            guard let start = text.baseAddress else { return false }
            let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))
            return matches(path: start, name: start + (slash.map { $0 + 1 } ?? 0))
        }
    }

    /// The same for text of C, which ends with a zero: for those who try many patterns on one path.
    package func matches(path: UnsafePointer<CChar>, name: UnsafePointer<CChar>) -> Bool {
        fnmatch(pattern, isForNames ? name : path, isForNames ? 0 : FNM_PATHNAME) == 0
    }
}
