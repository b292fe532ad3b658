// sources: Sources/EventModel Sources/KernelDecoding
// seeds: Tests/KernelDecodingTests/Fixtures/debian-12-linux-6.18/fanotify
// shims: CScan
//
// Batches of fanotify events as the reader puts them into the ring.

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        let batch = input.bytes
        _ = FanotifyDecoder.notBefore(of: batch)
        var decoder = FanotifyDecoder(offset: FanotifyDecoder.batchHeaderSize)
        var steps = 0
        while true {
            // An event has a header of 24 bytes at least: everything else would be a loop.
            precondition(steps <= batch.byteCount / 24 + 2)
            steps += 1
            do throws(FanotifyDecodeError) {
                guard let event = try decoder.next(in: batch) else { return }
                check(event.name, in: batch)
                check(event.newName, in: batch)
            } catch {
                continue
            }
        }
    }
}

private func check(_ name: FanotifyName?, in batch: RawSpan) {
    guard let name else { return }
    let text = ByteString(name.range, of: batch)
    precondition(text.count == name.range.count && !text.bytes.contains(0))
    precondition(name.directory.bytes.count <= 128)
}
