internal import Glibc

/// For how long a thread has waited for a processor, from when it is asked first. One thread owns it.
///
/// The corresponding kernel file is `/proc/thread-self/schedstat`, from Linux 3.17 with CONFIG_SCHED_INFO.
final class ProcessorDelay {
    private var descriptor: Int32?

    deinit { if let descriptor, descriptor >= 0 { close(descriptor) } }

    /// 0 where the kernel does not tell.
    var nanoseconds: UInt64 {
        let file = descriptor ?? open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
        descriptor = file
        guard file >= 0 else { return 0 }
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { text in
            let got = pread(file, text.baseAddress, text.count, 0)
            return got > 0 ? Self.second(in: UnsafeRawBufferPointer(rebasing: text[..<got])) : 0
        }
    }

    /// The second number of a line of them: the first is the time in which the thread ran.
    static func second(in text: UnsafeRawBufferPointer) -> UInt64 {
        let fields = text.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count > 1 else { return 0 }
        var result: UInt64 = 0
        for byte in fields[1] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return 0 }
            result = result &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        }
        return result
    }
}
