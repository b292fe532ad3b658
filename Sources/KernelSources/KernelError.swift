/// The host refused a call.
package struct KernelError: Error, Hashable, Sendable {
    /// The manual page: `fanotify_init(2)`.
    package var call: String
    /// Positive.
    package var errno: Int32
    /// What to do about it: the missing capability, the kernel version, the limit.
    package var advice: String

    package init(call: String, errno: Int32, advice: String = "") {
        self.call = call
        self.errno = errno
        self.advice = advice
    }
}

extension KernelError: CustomStringConvertible {
    package var description: String {
        let text = "\(call): \(KernelError.name(of: errno))"
        return advice.isEmpty ? text : "\(text): \(advice)"
    }

    /// The symbol of an errno that our calls return, else its number.
    package static func name(of errno: Int32) -> String {
        errnoNames[errno] ?? "errno \(errno)"
    }

    private static let errnoNames: [Int32: String] = [
        1: "EPERM", 2: "ENOENT", 4: "EINTR", 5: "EIO", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES",
        14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 18: "EXDEV", 19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR",
        22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 27: "EFBIG", 28: "ENOSPC", 30: "EROFS", 36: "ENAMETOOLONG",
        38: "ENOSYS", 40: "ELOOP", 74: "EBADMSG", 75: "EOVERFLOW", 93: "EPROTONOSUPPORT", 95: "EOPNOTSUPP",
        97: "EAFNOSUPPORT", 105: "ENOBUFS", 111: "ECONNREFUSED", 114: "EALREADY", 116: "ESTALE",
        122: "EDQUOT",
    ]
}

/// Passes a result that is not an error on, and throws what a shim returned as `-errno`.
package func check(
    _ call: String, _ result: Int32, advice: (Int32) -> String = { _ in "" }
) throws(KernelError) -> Int32 {
    guard result < 0 else { return result }
    throw KernelError(call: call, errno: -result, advice: advice(-result))
}
