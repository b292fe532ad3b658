/// What is kept of a file, to tell later what has changed in it.
package struct FileAttributes: Equatable, Sendable {
    package var type: FileType
    /// `st_dev`.
    package var device: UInt64
    package var inode: UInt64
    /// The inode's generation; 0 where the filesystem has none, or it was not asked for.
    package var generation: UInt32 = 0
    /// Permissions, set-id and sticky bits.
    package var mode: UInt32
    package var owner: UInt32
    package var group: UInt32
    package var size: UInt64
    /// Nanoseconds since 1970; `born` is 0 where the filesystem does not keep it.
    package var modified: UInt64
    package var changed: UInt64
    package var born: UInt64
    package var links: UInt32
    package var isImmutable = false
    package var isAppendOnly = false
    /// Of a symbolic link.
    package var linkTarget: ByteString?
    /// Digests of access control lists, capabilities, and all other extended attributes; 0 where there are none.
    package var acl: UInt64 = 0
    package var capabilities: UInt64 = 0
    package var extended: UInt64 = 0
    /// Of a regular file's content; `nil` when it was not read.
    package var sha256: SHA256Digest?
    /// Those of its content that were asked for beside SHA-256.
    package var furtherDigests: FurtherDigests?

    package init(
        type: FileType, device: UInt64, inode: UInt64, mode: UInt32, owner: UInt32, group: UInt32,
        size: UInt64, modified: UInt64, changed: UInt64, born: UInt64 = 0, links: UInt32 = 1
    ) {
        self.type = type
        self.device = device
        self.inode = inode
        self.mode = mode
        self.owner = owner
        self.group = group
        self.size = size
        self.modified = modified
        self.changed = changed
        self.born = born
        self.links = links
    }
}

/// 32 bytes.
package struct SHA256Digest: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// - Parameter bytes: 32 of them; `nil` for any other number.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// The same of bytes in memory, which is what a scan has: as a collection they are taken one by one.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        words = bytes.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self)
    }

    /// The bytes, valid during the call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words, body)
    }

    /// 64 lower-case digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return withBytes { bytes in
            String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }

    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) { withBytes { hasher.combine(bytes: $0) } }
}

/// One attribute of a file that can change.
package enum FileAttribute: String, Sendable, CaseIterable {
    case type
    case inode
    case mode
    case owner = "uid"
    case group = "gid"
    case size
    case modified = "mtime"
    case links
    case linkTarget = "target_path"
    case immutable
    case appendOnly = "append_only"
    case acl
    case capabilities
    case extended = "xattr"
    case sha256
    case md5
    case sha1
    case sha512
}

extension FileAttributes {
    /// In which attributes `later` differs, in the order of the cases.
    ///
    /// Of a directory neither size, times nor links count: they change with what is in it. The time of the last change
    /// of the inode never counts by itself.
    package func differences(from earlier: FileAttributes) -> [FileAttribute] {
        FileAttribute.allCases.filter { differs($0, from: earlier) }
    }

    private func differs(_ attribute: FileAttribute, from earlier: FileAttributes) -> Bool {
        let isDirectory = type == .directory && earlier.type == .directory
        return switch attribute {
        case .type: type != earlier.type
        case .inode:
            // Device numbers are given anew at each boot, or mount.
            inode != earlier.inode || (device != earlier.device && born != earlier.born)
                || (generation != earlier.generation && generation != 0 && earlier.generation != 0)
        case .mode: mode != earlier.mode
        case .owner: owner != earlier.owner
        case .group: group != earlier.group
        case .size: size != earlier.size && !isDirectory
        case .modified: modified != earlier.modified && !isDirectory
        case .links: links != earlier.links && !isDirectory
        case .linkTarget: linkTarget != earlier.linkTarget
        case .immutable: isImmutable != earlier.isImmutable
        case .appendOnly: isAppendOnly != earlier.isAppendOnly
        case .acl: acl != earlier.acl
        case .capabilities: capabilities != earlier.capabilities
        case .extended: extended != earlier.extended
        case .sha256: sha256 != earlier.sha256 && sha256 != nil && earlier.sha256 != nil
        case .md5: digestDiffers(.md5, from: earlier)
        case .sha1: digestDiffers(.sha1, from: earlier)
        case .sha512: digestDiffers(.sha512, from: earlier)
        }
    }

    /// Of what was not digested nothing can be said.
    private func digestDiffers(_ digest: DigestAlgorithm, from earlier: FileAttributes) -> Bool {
        guard let now = furtherDigests?.bytes(of: digest),
            let then = earlier.furtherDigests?.bytes(of: digest)
        else { return false }
        return now != then
    }

    /// Takes over the digests of the content.
    package mutating func takeContent(of other: FileAttributes) {
        (sha256, furtherDigests) = (other.sha256, other.furtherDigests)
    }

    /// Whether `statx(2)` says the same as before: then nothing else can have changed but by tricks on the disk itself.
    package func looksLike(_ earlier: FileAttributes) -> Bool {
        inode == earlier.inode && changed == earlier.changed && modified == earlier.modified
            && size == earlier.size && device == earlier.device && mode == earlier.mode
            && owner == earlier.owner && group == earlier.group && type == earlier.type
            && links == earlier.links && isImmutable == earlier.isImmutable
            && isAppendOnly == earlier.isAppendOnly
    }
}

extension ChangeKind {
    /// What a change of `attributes` amounts to; `nil` for none.
    package init?(changed attributes: [FileAttribute]) {
        guard !attributes.isEmpty else { return nil }
        if attributes.contains(.type) || attributes.contains(.inode) {
            self = .replaced
        } else if attributes.contains(.sha256) || attributes.contains(.size)
            || attributes.contains(.linkTarget)
        {
            self = .modified
        } else {
            self = .attributes
        }
    }
}
