package import EventModel

/// A filesystem object as `name_to_handle_at(2)` and fanotify name it: equal over renames, never reused.
///
/// Handles of up to 24 bytes (every directory handle of ext4, xfs, btrfs and tmpfs) are stored inline.
/// The corresponding kernel definition is `struct file_handle` in `linux/fs.h`.
package struct FileHandle: Sendable {
    /// `statfs.f_fsid`, both words in memory order.
    package let filesystem: UInt64
    package let type: Int32
    /// In bytes, at most 128.
    package let length: UInt8
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    /// What does not fit into the words.
    private let rest: [UInt8]?

    /// The longest handle that the kernel gives (`MAX_HANDLE_SZ`).
    package static let maximumLength = 128

    /// Copies `bytes`; `nil` when there are more than a handle can have.
    package init?(filesystem: UInt64, type: Int32, bytes: RawSpan) {
        let count = bytes.byteCount
        guard count <= FileHandle.maximumLength else { return nil }
        self.filesystem = filesystem
        self.type = type
        length = UInt8(truncatingIfNeeded: count)
        first = FileHandle.word(0, of: bytes)
        second = FileHandle.word(1, of: bytes)
        third = FileHandle.word(2, of: bytes)
        if count <= 24 {
            rest = nil
        } else {
            var tail: [UInt8] = []
            tail.reserveCapacity(count - 24)
            for offset in 24..<count {
                tail.append(bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self))
            }
            rest = tail
        }
    }

    /// Word `index`, as if zeros followed the bytes.
    private static func word(_ index: Int, of bytes: RawSpan) -> UInt64 {
        let start = index * 8
        if start + 8 <= bytes.byteCount {
            return bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
        }
        var word: UInt64 = 0
        var offset = start
        while offset + 4 <= bytes.byteCount {
            let half = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
            word |= UInt64(half) << UInt64((offset - start) * 8)
            offset += 4
        }
        while offset < bytes.byteCount {
            let byte = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
            word |= UInt64(byte) << UInt64((offset - start) * 8)
            offset += 1
        }
        return word
    }

    /// The handle's bytes.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(length))
        for word in [first, second, third] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) where bytes.count < Int(length) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        bytes.append(contentsOf: rest ?? [])
        return bytes
    }
}

extension FileHandle: Hashable {
    package static func == (left: FileHandle, right: FileHandle) -> Bool {
        left.first == right.first && left.second == right.second && left.third == right.third
            && left.filesystem == right.filesystem && left.type == right.type && left.length == right.length
            && left.rest == right.rest
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(mixed)
    }

    /// A cheap hash, good enough for tables whose keys an attacker cannot choose freely.
    package var mixed: UInt64 {
        var value = first &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 32) ^ second) &* 0xD6E8_FEB8_6659_FD93
        value = (value ^ (value >> 32) ^ third ^ filesystem) &* 0xD6E8_FEB8_6659_FD93
        return value ^ (value >> 32)
    }
}

extension FileHandle {
    /// Inode and generation where the handle's layout is known; the inode is 0 when it is not.
    ///
    /// The corresponding kernel definition is `enum fid_type` in `linux/exportfs.h`.
    package var object: FileObjectID {
        let low = UInt64(UInt32(truncatingIfNeeded: first))
        let high = first >> 32
        let next = UInt64(UInt32(truncatingIfNeeded: second))
        let (inode, generation): (UInt64, UInt64) =
            switch (type, length) {
            // FILEID_INO32_GEN and its sibling with the parent: ext4, xfs with 32-bit inodes, f2fs.
            case (1, 8), (2, 12...): (low, high)
            // tmpfs writes {generation, inode low, inode high} under the same type.
            case (1, 12): (next << 32 | high, low)
            // FILEID_INO64_GEN and its sibling with the parent: xfs.
            case (0x81, 12), (0x82, 12...): (first, next)
            // btrfs {object, subvolume, generation}: inode numbers repeat in each subvolume.
            case (0x4d, 20): (first, (third & 0xFFFF_FFFF) ^ (second << 32))
            // FILEID_KERNFS: cgroup and sysfs nodes.
            case (0xfe, 8): (first, 0)
            default: (0, mixed ^ UInt64(rest.map { FileHandle.hash(of: $0) } ?? 0))
            }
        return FileObjectID(filesystem: filesystem, inode: inode, generation: generation)
    }

    package var inode: UInt64 { object.inode }
    package var generation: UInt64 { object.generation }

    /// FNV-1a: stable between runs, unlike `Hasher`.
    private static func hash(of bytes: [UInt8]) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return value
    }
}
