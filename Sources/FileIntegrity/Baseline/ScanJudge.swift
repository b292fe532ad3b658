package import EventModel

/// What a scan asks while events of changes come in as well.
package protocol ScanJudge: AnyObject {
    /// Whether an event may still tell of the difference at `path`: then the scan neither tells nor writes it.
    ///
    /// - Parameter attributes: what stands there now; `nil` for nothing.
    func awaitsEvent(at path: ByteString, _ attributes: FileAttributes?) -> Bool
    /// Whether an event has told why the file has another number of links.
    func explainsLinks(of attributes: FileAttributes) -> Bool
}
