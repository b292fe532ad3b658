internal import Glibc

/// What audit was like before we changed it, kept on disk so that a killed run can be undone by the next.
struct AuditStateFile {
    /// The values to be restored.
    struct Originals: Equatable {
        var enabled: UInt32
        var backlogLimit: UInt32
        var backlogWaitTime: UInt32

        /// What the limit is while we run; 0 stands for none.
        var raisedBacklogLimit: UInt32 { backlogLimit == 0 ? 0 : max(8_192, backlogLimit) }

        /// Whether the end of our run switches audit off: it was off, and no daemon would go deaf.
        func switchesOff(_ status: AuditStatus, isHeldByAnother: Bool) -> Bool {
            enabled == 0 && status.enabled == 1 && !isHeldByAnother
        }
    }

    let path: String

    /// The originals that an earlier run left behind; `nil` when it ended cleanly or the file makes no sense.
    func load() -> Originals? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").compactMap {
            UInt32($0.filter(\.isNumber))
        }
        guard words.count == 3 else { return nil }
        return Originals(enabled: words[0], backlogLimit: words[1], backlogWaitTime: words[2])
    }

    /// Writes the file anew and has it on disk before returning.
    func save(_ originals: Originals) throws(KernelError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem("open(\(temporary))") }
        let text = Array("\(originals.enabled) \(originals.backlogLimit) \(originals.backlogWaitTime)\n".utf8)
        let isWritten = write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            unlink(temporary)
            throw KernelError(
                call: "write(\(path))", errno: isWritten ? errno : error, advice: "make it writable")
        }
    }

    func remove() { unlink(path) }

    /// Takes the lock beside the file, which ends with the process. -1 when another process has it, or when it
    /// cannot be made.
    func lock() -> Int32 {
        let descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return descriptor }
        close(descriptor)
        return -1
    }

    private func problem(_ call: String) -> KernelError {
        KernelError(call: call, errno: errno, advice: "make the directory writable")
    }
}
