// sources: Sources/EventModel Sources/KernelDecoding
// seeds: Tests/KernelDecodingTests/Fixtures/debian-12-linux-6.18/processes
// shims: CScan
//
// Records of the process connector, of taskstats, and snapshots of /proc, framed as in the fixtures: kind and flags
// (two bytes each), length (four), payload; and the whole input as a mount table.

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        let all = input.bytes
        var at = 0
        while at + 8 <= all.byteCount {
            let kind = all.unsafeLoadUnaligned(fromByteOffset: at, as: UInt16.self)
            let flags = all.unsafeLoadUnaligned(fromByteOffset: at + 2, as: UInt16.self)
            let length = Int(all.unsafeLoadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
            let end = min(all.byteCount, at + 8 + min(length, all.byteCount))
            decode(kind: kind, flags: flags, all.extracting(at + 8..<end))
            at = end
        }
        let table = MountTable(mountinfo: input)
        precondition(table.entries.count <= input.count)
    }
}

private func decode(kind: UInt16, flags: UInt16, _ payload: RawSpan) {
    do throws(ProcessDecodeError) {
        switch kind % 3 {
        case 0: _ = try ProcessEvent(decoding: payload)
        case 1: _ = try TaskExit(decoding: payload, readAt: 1)
        default:
            let snapshot = try ProcessSnapshot(decoding: payload, flags: flags)
            precondition((snapshot.arguments?.count ?? 0) <= payload.byteCount)
        }
    } catch {
        return
    }
}
