import CInotify
import KernelDecoding
import Testing

@Suite("inotify constants")
struct InotifyConstantTests {
    @Test("the event bits are the header's")
    func masksMatchTheHeader() {
        let pairs: [(InotifyMask, UInt32)] = [
            (.modify, UInt32(IN_MODIFY)), (.attrib, UInt32(IN_ATTRIB)),
            (.closeWrite, UInt32(IN_CLOSE_WRITE)), (.movedFrom, UInt32(IN_MOVED_FROM)),
            (.movedTo, UInt32(IN_MOVED_TO)), (.create, UInt32(IN_CREATE)),
            (.delete, UInt32(IN_DELETE)), (.deleteSelf, UInt32(IN_DELETE_SELF)),
            (.moveSelf, UInt32(IN_MOVE_SELF)), (.unmount, UInt32(IN_UNMOUNT)),
            (.overflow, UInt32(IN_Q_OVERFLOW)), (.ignored, UInt32(IN_IGNORED)),
            (.onlyDirectory, UInt32(IN_ONLYDIR)), (.dontFollow, UInt32(IN_DONT_FOLLOW)),
            (.isDirectory, UInt32(IN_ISDIR)),
        ]
        for (ours, theirs) in pairs { #expect(ours.rawValue == theirs) }
        #expect(MemoryLayout<inotify_event>.size == 16)
    }
}
