package import EventModel

/// What a scan asks while events of changes come in as well.
package protocol ScanJudge: AnyObject {
    /// Whether an event may still tell of the difference at `path`: then the scan neither tells nor writes it.
    ///
    /// - Parameter attributes: what stands there now; `nil` for nothing.
    func awaitsEvent(at path: ByteString, _ attributes: FileAttributes?) -> Bool
    /// Whether events have told of the difference under another name of the file: then the scan only writes it.
    func explains(_ before: BaselineRecord?, _ after: FileAttributes?) -> Bool
}
