internal import Glibc

/// A kernel release, for what cannot be asked of the kernel itself.
package struct KernelVersion: Comparable, Sendable {
    package var major: Int
    package var minor: Int

    package init(_ major: Int, _ minor: Int) { (self.major, self.minor) = (major, minor) }

    /// Reads the beginning of a release such as `6.1.0-56-cloud-amd64`; 0.0 when it has none.
    package init(release: String) {
        let numbers = release.split(separator: ".", maxSplits: 2).map { part in
            Int(part.prefix { $0.isNumber }) ?? 0
        }
        self.init(numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    }

    /// The one that runs. The corresponding system call is `uname(2)`.
    package static var running: KernelVersion {
        var name = utsname()
        guard uname(&name) == 0 else { return KernelVersion(0, 0) }
        let release = withUnsafeBytes(of: &name.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return KernelVersion(release: release)
    }

    package static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
