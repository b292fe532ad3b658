internal import CProc
internal import Glibc
package import KernelDecoding

/// Reads `/proc` on demand: which processes there are, and what each says of itself. One thread owns it.
package final class ProcessDirectory {
    private let descriptor: Int32
    private var room = [UInt8](repeating: 0, count: Int(CPROC_SNAPSHOT_MAX))
    private static let mostPids = 4_194_304

    /// - Throws: `KernelError` when `/proc` is not mounted.
    package init() throws(KernelError) {
        descriptor = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 {
            throw KernelError(call: "open(/proc)", errno: errno, advice: "/proc must be mounted")
        }
    }

    deinit { close(descriptor) }

    /// What `/proc/PID` says now; `nil` when there is no such process, or its record cannot be read.
    package func snapshot(_ pid: Int32, reason: ProcessSnapshot.Reason = .scan) -> ProcessSnapshot? {
        var length: UInt32 = 0
        let capacity = UInt32(room.count)
        let result = room.withUnsafeMutableBytes { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return -ENOMEM }
            return cproc_snapshot(descriptor, pid, reason.rawValue, base, capacity, &length)
        }
        guard result == 0 else { return nil }
        // A reference, not a copy: it is gone before the room is written again.
        let filled = room
        do throws(ProcessDecodeError) {
            let bytes = filled.span.bytes.extracting(first: Int(length))
            return try ProcessSnapshot(decoding: bytes, flags: reason.rawValue)
        } catch {
            return nil
        }
    }

    /// All processes, by raw getdents64.
    package func pids() -> [Int32] {
        var capacity = 4_096
        while capacity <= Self.mostPids {
            var pids = [Int32](repeating: 0, count: capacity)
            guard lseek(descriptor, 0, SEEK_SET) == 0 else { return [] }
            let count = pids.withUnsafeMutableBufferPointer { buffer -> Int32 in
                guard let base = buffer.baseAddress else { return 0 }
                return cproc_list_pids(descriptor, base, UInt32(buffer.count))
            }
            guard count >= 0 else { return [] }
            if Int(count) < capacity { return Array(pids.prefix(Int(count))) }
            capacity *= 8
        }
        return []
    }
}

/// Memory and scheduling of our own process.
package enum OwnProcess {
    /// Has the heap stay small: at most two malloc arenas, no huge pages. Call before any thread is started.
    package static func keepSmall() { cproc_keep_small() }
    /// Gives the kernel back free memory, and code that is not in use.
    package static func trimMemory() { cproc_trim_memory() }

    /// Whether the kernel counts this process among the host's: in the initial pid and user namespaces. True as well
    /// when `/proc` does not say.
    package static var isInInitialNamespaces: Bool {
        // PROC_PID_INIT_INO and PROC_USER_INIT_INO in linux/proc_ns.h.
        let initial: [(link: String, inode: UInt)] = [("pid", 0xEFFF_FFFC), ("user", 0xEFFF_FFFD)]
        return initial.allSatisfy { link, inode in
            var status = stat()
            return stat("/proc/self/ns/\(link)", &status) != 0 || status.st_ino == inode
        }
    }
}
