// sources: Sources/EventModel Sources/KernelDecoding
// seeds: Tests/KernelDecodingTests/Fixtures/debian-12-linux-6.18/inotify
// shims: CScan
//
// Batches of inotify events.

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        let batch = input.bytes
        var decoder = InotifyDecoder()
        var steps = 0
        while true {
            // An event has a header of 16 bytes at least.
            precondition(steps <= batch.byteCount / 16 + 2)
            steps += 1
            do throws(InotifyDecodeError) {
                guard let event = try decoder.next(in: batch) else { return }
                precondition(event.name.lowerBound >= 16 && event.name.upperBound <= batch.byteCount)
                for index in event.name { precondition(input[index] != 0) }
            } catch {
                continue
            }
        }
    }
}
