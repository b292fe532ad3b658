package import EventModel

/// What a scan asks while events of changes come in as well.
package protocol ScanJudge: AnyObject {
    /// Whether an event may still tell of the difference at `path`: then the scan neither tells nor writes it.
    ///
    /// - Parameter attributes: what stands there now; `nil` for nothing.
    func awaitsEvent(at path: ByteString, _ attributes: FileAttributes?) -> Bool
    /// Whether events have told of the difference under another name of the file: then the scan only writes it.
    func explains(_ before: BaselineRecord?, _ after: FileAttributes?) -> Bool
    /// Whether the content of a large file is to be read now, rather than later.
    func mayDigest(_ path: ByteString, size: UInt64) -> Bool
    /// The content of a large file has been read.
    ///
    /// - Parameter took: nanoseconds.
    /// - Parameter isDone: whether there is a digest: the file did not change meanwhile.
    func noteDigest(of path: ByteString, took: UInt64, isDone: Bool)
    /// The large file looks as it is known, but without a digest: reading it has been put off and not been done.
    func noteLackOfDigest(at path: ByteString)
    /// Only its digest can tell whether the large file has changed: it is to be looked at again.
    func awaitDigest(at path: ByteString)
}
