internal import Glibc

/// A descriptor that a reader lives on. Closes itself, but never what somebody else opened under its number after it
/// had been closed from outside.
struct KernelDescriptor: ~Copyable {
    let value: Int32
    private let identity: String?

    init(_ value: Int32) {
        self.value = value
        identity = KernelDescriptor.identity(of: value)
    }

    deinit {
        if KernelDescriptor.identity(of: value) == identity { close(value) }
    }

    /// What `/proc` calls it: `socket:[NUMBER]`, `anon_inode:[fanotify]`. `nil` when it is not open.
    private static func identity(of descriptor: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let length = base.withMemoryRebound(to: CChar.self, capacity: 256) {
                readlink("/proc/self/fd/\(descriptor)", $0, 256)
            }
            guard length > 0 else { return nil }
            return String(decoding: buffer[..<length], as: UTF8.self)
        }
    }
}
