internal import EventModel

/// Which overlay mounts there are, for those who ask about paths in their upper layers. One thread owns it.
package final class OverlayDirectory {
    package init() {}

    /// The same file in the lower layers, the uppermost first.
    func lowerPaths(of path: ByteString) -> [ByteString] { [] }

    /// Whether `path` lies in an overlay's work directory.
    func isWorkPath(_ path: ByteString) -> Bool { false }
}
