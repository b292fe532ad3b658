internal import CXattr
package import EventModel

/// Extended attributes of files.
package enum ExtendedAttributes {
    /// A digest of those of `path` (no link followed), but for those whose name begins with `prefix`; `nil` when they
    /// cannot be read.
    ///
    /// The corresponding system calls are `llistxattr(2)` and `lgetxattr(2)`.
    package static func digest(of path: ByteString, except prefix: String) -> UInt64? {
        var digest: UInt64 = 0
        return cxattr_digest(path.zeroTerminated, prefix, &digest) == 0 ? digest : nil
    }
}
