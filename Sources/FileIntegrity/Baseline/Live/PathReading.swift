package import EventModel

/// What a change is compared by. A protocol so that tests can play the disk.
package protocol PathReading: AnyObject {
    /// What stands at `path`, symbolic links not followed; `nil` for nothing.
    ///
    /// - Parameter digestLimit: the content of larger files is not read. Bytes.
    func attributes(of path: ByteString, digestLimit: UInt64) -> FileAttributes?
}
