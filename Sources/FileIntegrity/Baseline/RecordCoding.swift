internal import EventModel

/// How a file's attributes stand in a run of the baseline. Integers are little-endian, and lie at these offsets:
///
///      0  type        its place in `types`, 1 byte
///      1  parts       bits of `Parts`, 1 byte
///      2  mode        4
///      6  links       4
///     10  uid         4
///     14  gid         4
///     18  generation  4
///     22  device      8
///     30  inode       8
///     38  size        8
///     46  mtime       8, as all times nanoseconds since 1970
///     54  ctime       8
///     62  btime       8
///     70  seen        8
///     78  SHA-256     32, of files that were read
///         further digests, of files of which others were asked for: as `FurtherDigests.encoded` has them
///         acl, capabilities, xattr digests, 8 each, of files that have any
///         link target, to the end, of symbolic links
enum RecordCoding {
    /// Bytes of the fields that every record has.
    static let fixedSize = 78
    /// Bytes of a record without its link target, at most.
    static let mostWithoutTarget = fixedSize + 32 + FurtherDigests.mostBytes + 24

    /// What a record has besides the fixed fields, and the two attribute flags.
    private struct Parts: OptionSet {
        let rawValue: UInt8
        static let immutable = Parts(rawValue: 1)
        static let appendOnly = Parts(rawValue: 2)
        static let sha256 = Parts(rawValue: 4)
        static let extended = Parts(rawValue: 8)
        static let target = Parts(rawValue: 16)
        static let further = Parts(rawValue: 32)
        static let all: Parts = [.immutable, .appendOnly, .sha256, .extended, .target, .further]
    }

    private static let types: [FileType] = [
        .unknown, .file, .directory, .symlink, .fifo, .socket, .characterDevice, .blockDevice,
    ]

    private static func number(of type: FileType) -> UInt8 {
        switch type {
        case .unknown: 0
        case .file: 1
        case .directory: 2
        case .symlink: 3
        case .fifo: 4
        case .socket: 5
        case .characterDevice: 6
        case .blockDevice: 7
        }
    }

    // MARK: Writing

    /// Writes the record into `buffer`, which has room for `mostWithoutTarget` bytes and the link target. Returns its
    /// size.
    static func encode(
        _ file: FileAttributes, seen: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        var parts: Parts = []
        if file.isImmutable { parts.insert(.immutable) }
        if file.isAppendOnly { parts.insert(.appendOnly) }
        var size = fixedSize
        if let digest = file.sha256 {
            parts.insert(.sha256)
            digest.withBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[size...]).copyMemory(from: $0) }
            size += 32
        }
        if let further = file.furtherDigests {
            parts.insert(.further)
            buffer[size...].copyBytes(from: further.encoded)
            size += further.encoded.count
        }
        if file.acl | file.capabilities | file.extended != 0 {
            parts.insert(.extended)
            store(file.acl, at: size, in: buffer)
            store(file.capabilities, at: size + 8, in: buffer)
            store(file.extended, at: size + 16, in: buffer)
            size += 24
        }
        if let target = file.linkTarget {
            parts.insert(.target)
            buffer[size...].copyBytes(from: target.bytes)
            size += target.count
        }
        encodeFixed(file, parts, seen: seen, into: buffer)
        return size
    }

    private static func encodeFixed(
        _ file: FileAttributes, _ parts: Parts, seen: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) {
        buffer[0] = number(of: file.type)
        buffer[1] = parts.rawValue
        store(file.mode, at: 2, in: buffer)
        store(file.links, at: 6, in: buffer)
        store(file.owner, at: 10, in: buffer)
        store(file.group, at: 14, in: buffer)
        store(file.generation, at: 18, in: buffer)
        store(file.device, at: 22, in: buffer)
        store(file.inode, at: 30, in: buffer)
        store(file.size, at: 38, in: buffer)
        store(file.modified, at: 46, in: buffer)
        store(file.changed, at: 54, in: buffer)
        store(file.born, at: 62, in: buffer)
        store(seen, at: 70, in: buffer)
    }

    private static func store<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value, at offset: Int, in buffer: UnsafeMutableRawBufferPointer
    ) {
        buffer.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    // MARK: Reading

    /// The record in `bytes`; `nil` when it is none.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> BaselineRecord? {
        guard var file = decodeGlance(bytes) else { return nil }
        let parts = Parts(rawValue: bytes[1])
        var at = fixedSize
        if parts.contains(.sha256) {
            let found = UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + 32, bytes.count)])
            guard let digest = SHA256Digest(found) else { return nil }
            file.sha256 = digest
            at += 32
        }
        at += file.furtherDigests?.encoded.count ?? 0
        if parts.contains(.extended) {
            guard bytes.count >= at + 24 else { return nil }
            file.acl = load(at, bytes)
            file.capabilities = load(at + 8, bytes)
            file.extended = load(at + 16, bytes)
            at += 24
        }
        if parts.contains(.target) {
            file.linkTarget = ByteString(Array(bytes[at...]))
        } else if bytes.count != at {
            return nil
        }
        return BaselineRecord(attributes: file, seen: load(70, bytes))
    }

    /// The fixed fields of the record in `bytes`, the attribute flags, and the further digests; `nil` when it is none.
    static func decodeGlance(_ bytes: UnsafeRawBufferPointer) -> FileAttributes? {
        guard bytes.count >= fixedSize, Int(bytes[0]) < types.count else { return nil }
        let parts = Parts(rawValue: bytes[1])
        guard parts.isSubset(of: .all) else { return nil }
        var file = FileAttributes(
            type: types[Int(bytes[0])], device: load(22, bytes), inode: load(30, bytes), mode: load(2, bytes),
            owner: load(10, bytes), group: load(14, bytes), size: load(38, bytes), modified: load(46, bytes),
            changed: load(54, bytes), born: load(62, bytes), links: load(6, bytes))
        file.generation = load(18, bytes)
        file.isImmutable = parts.contains(.immutable)
        file.isAppendOnly = parts.contains(.appendOnly)
        if parts.contains(.further) {
            let at = fixedSize + (parts.contains(.sha256) ? 32 : 0)
            guard at < bytes.count,
                let further = FurtherDigests(UnsafeRawBufferPointer(rebasing: bytes[at...]))
            else { return nil }
            file.furtherDigests = further
        }
        return file
    }

    private static func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int, _ bytes: UnsafeRawBufferPointer
    ) -> Value {
        Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
