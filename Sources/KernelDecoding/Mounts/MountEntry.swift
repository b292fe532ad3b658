package import EventModel

/// One mount, as a process of its mount namespace sees it.
///
/// The corresponding kernel definition is `show_mountinfo` in `fs/proc_namespace.c`.
package struct MountEntry: Hashable, Sendable {
    package var id: Int32
    package var parent: Int32
    package var major: UInt32
    package var minor: UInt32
    /// The directory of the filesystem that is mounted: "/", or what was bound.
    package var root: ByteString
    package var mountPoint: ByteString
    package var options: ByteString
    /// `ext4`, `overlay`, `fuse.sshfs`.
    package var type: ByteString
    package var source: ByteString
    /// Still escaped, so that a comma in a value is none between options.
    package var superOptions: ByteString

    package init(
        id: Int32, parent: Int32, major: UInt32, minor: UInt32, root: ByteString, mountPoint: ByteString,
        options: ByteString = "rw", type: ByteString, source: ByteString = "none",
        superOptions: ByteString = "rw"
    ) {
        self.id = id
        self.parent = parent
        self.major = major
        self.minor = minor
        self.root = root
        self.mountPoint = mountPoint
        self.options = options
        self.type = type
        self.source = source
        self.superOptions = superOptions
    }

    /// The value of `name=` in the super options, unescaped: `upperdir` of an overlay.
    package func superOption(_ name: ByteString) -> ByteString? {
        for option in superOptions.bytes.split(separator: UInt8(ascii: ",")) {
            guard let equals = option.firstIndex(of: UInt8(ascii: "=")),
                option[..<equals].elementsEqual(name.bytes)
            else { continue }
            return MountEntry.unescaped(Array(option[(equals + 1)...]))
        }
        return nil
    }
}

/// Why a line was not a mount. The raw value is the metric label.
package enum MountDecodeError: String, Error, CaseIterable {
    case missingField = "missing_field"
    case badNumber = "bad_number"
    case missingSeparator = "missing_separator"
}
