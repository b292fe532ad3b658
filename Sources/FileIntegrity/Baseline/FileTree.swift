package import EventModel

/// What a scan asks the disk. A protocol so that tests can make files change in the middle of it.
package protocol FileTree: AnyObject {
    /// Has these digests taken of what is read, beside SHA-256, and so many threads help with it.
    func use(_ digests: DigestSet, helpers: Int)
    /// Processor time of the threads that help, nanoseconds.
    var helperTime: UInt64 { get }
    /// Until the next directory is listed, `take` or `complete` is called for regular files, in order, with this limit; for
    /// those without one neither is.
    func expect(_ digestLimit: @escaping (_ name: ByteString) -> UInt64?)
    /// Lists the directory; until the next call, positions are those of its entries, sorted by name. 0, or a positive
    /// errno.
    func list(_ directory: ByteString) -> Int32
    var count: Int { get }
    func name(at position: Int) -> ByteString
    /// Whether the name comes before `other` (negative), is it (0), or comes after it.
    func compareName(at position: Int, with other: ByteString) -> Int
    /// The attributes that `statx(2)` tells; `nil` when the entry has gone meanwhile.
    func status(at position: Int) -> FileAttributes?
    /// Adds what takes more calls; `false` when the entry has gone meanwhile.
    ///
    /// - Parameter settles: reads again what changes while it is read.
    func complete(
        _ attributes: inout FileAttributes, at position: Int, digestLimit: UInt64, settles: Bool
    ) -> Bool
    /// Both at once, for an entry that nothing is known of; `nil` when it has gone meanwhile.
    func take(at position: Int, digestLimit: UInt64) -> FileAttributes?
    /// Adds the digests of the file's content, however large it is: none when it cannot be read, or `goesOn` says no.
    ///
    /// - Parameter goesOn: called now and then; may do whatever does not list a directory.
    func digest<Failure: Error>(
        _ attributes: inout FileAttributes, at position: Int, goesOn: () throws(Failure) -> Bool
    ) throws(Failure)
    /// Lets go of the directory that was listed last: its filesystem can be unmounted.
    func finish()
    /// Whether a filesystem is mounted at the entry.
    func isMountRoot(at position: Int) -> Bool
    /// Whether the directory belongs to a filesystem that shows the kernel's state rather than files.
    func isKernelState(_ directory: ByteString) -> Bool
}

extension FileTree {
    package func use(_ digests: DigestSet, helpers: Int) {}
    package var helperTime: UInt64 { 0 }
    package func expect(_ digestLimit: @escaping (_ name: ByteString) -> UInt64?) {}

    package func take(at position: Int, digestLimit: UInt64) -> FileAttributes? {
        guard var attributes = status(at: position) else { return nil }
        return complete(&attributes, at: position, digestLimit: digestLimit, settles: false)
            ? attributes : nil
    }
}
