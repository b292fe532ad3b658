package import EventModel
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
        let text = (isForNames ? path.lastComponent : path).bytes.map { CChar(bitPattern: $0) } + [0]
        return fnmatch(pattern, text, isForNames ? 0 : FNM_PATHNAME) == 0
    }
}
