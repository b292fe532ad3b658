import CFanotify
import KernelDecoding
import Testing

@Suite("fanotify constants")
struct FanotifyConstantTests {
    @Test("the event bits are the header's")
    func masksMatchTheHeader() {
        let pairs: [(FanotifyMask, UInt64)] = [
            (.modify, UInt64(FAN_MODIFY)), (.attrib, UInt64(FAN_ATTRIB)),
            (.closeWrite, UInt64(FAN_CLOSE_WRITE)), (.movedFrom, UInt64(FAN_MOVED_FROM)),
            (.movedTo, UInt64(FAN_MOVED_TO)), (.create, UInt64(FAN_CREATE)),
            (.delete, UInt64(FAN_DELETE)), (.openExec, UInt64(FAN_OPEN_EXEC)),
            (.overflow, UInt64(FAN_Q_OVERFLOW)), (.filesystemError, UInt64(FAN_FS_ERROR)),
            (.rename, UInt64(FAN_RENAME)), (.onChild, UInt64(FAN_EVENT_ON_CHILD)),
            (.onDirectory, UInt64(FAN_ONDIR)),
        ]
        for (ours, theirs) in pairs { #expect(ours.rawValue == theirs) }
    }

    @Test("the record types are the header's")
    func infoTypesMatchTheHeader() {
        typealias Info = FanotifyDecoder.InfoType
        #expect(Int32(Info.object) == FAN_EVENT_INFO_TYPE_FID)
        #expect(Int32(Info.directoryName) == FAN_EVENT_INFO_TYPE_DFID_NAME)
        #expect(Int32(Info.directory) == FAN_EVENT_INFO_TYPE_DFID)
        #expect(Int32(Info.pidfd) == FAN_EVENT_INFO_TYPE_PIDFD)
        #expect(Int32(Info.error) == FAN_EVENT_INFO_TYPE_ERROR)
        #expect(Int32(Info.oldDirectoryName) == FAN_EVENT_INFO_TYPE_OLD_DFID_NAME)
        #expect(Int32(Info.newDirectoryName) == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME)
    }

    @Test("layout and sizes are the header's")
    func layoutMatchesTheHeader() {
        #expect(MemoryLayout<cfanotify_batch>.size == FanotifyDecoder.batchHeaderSize)
        #expect(MemoryLayout<fanotify_event_metadata>.size == 24)
        #expect(Int(CFANOTIFY_HANDLE_MAX) == FileHandle.maximumLength)
        #expect(FAN_NOPIDFD == -1 && FAN_EPIDFD == -2)
    }
}
