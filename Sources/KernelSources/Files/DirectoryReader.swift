internal import CTree
package import EventModel
internal import Glibc
package import KernelSources

/// Lists directories and reads what is in them, one directory at a time. One thread owns it.
///
/// Nothing is followed: a symbolic link is itself.
package final class DirectoryReader {
    private struct Entry {
        var name: Range<Int>
    }

    private var path = ByteString()
    private var descriptor: Int32 = -1
    /// Zero-terminated, one after another.
    private var names: [CChar] = []
    /// By name.
    private var entries: [Entry] = []
    private var block = [UInt8](repeating: 0, count: 65_536)
    private var target = [CChar](repeating: 0, count: 4_096)
    private let digest: ContentDigest

    /// - Throws: `KernelError` with `ENOMEM`.
    package init() throws(KernelError) {
        digest = try ContentDigest()
    }

    deinit { closeDirectory() }

    private func closeDirectory() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Lists `directory`; until the next call, positions are those of its entries, sorted by name.
    ///
    /// - Throws: `KernelError` with `ENOENT`, `ENOTDIR`, `ELOOP`, `EACCES`, or what the filesystem says.
    package func open(_ directory: ByteString) throws(KernelError) {
        closeDirectory()
        names.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        path = directory
        descriptor = try check("open(2)", ctree_open_directory(directory.zeroTerminated))
        while true {
            let got = try check(
                "getdents64(2)",
                block.withUnsafeMutableBytes { buffer in
                    buffer.baseAddress.map { ctree_list(descriptor, $0, UInt32(buffer.count)) } ?? 0
                })
            if got == 0 { break }
            append(size: Int(got))
        }
        sort()
    }

    /// Takes over the entries at the beginning of `block`: `struct linux_dirent64`.
    private func append(size: Int) {
        block.withUnsafeBytes { bytes in
            var at = 0
            while at + 19 < size {
                let length = Int(bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt16.self))
                guard length > 19, at + length <= size else { return }
                let field = bytes[(at + 19)..<(at + length)]
                let count = field.firstIndex(of: 0).map { $0 - field.startIndex } ?? field.count
                if !isSpecial(field.prefix(count)) {
                    entries.append(Entry(name: names.count..<(names.count + count)))
                    names.append(contentsOf: field.prefix(count).lazy.map { CChar(bitPattern: $0) })
                    names.append(0)
                }
                at += length
            }
        }
    }

    /// Whether it is `.` or `..`.
    private func isSpecial(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    private func sort() {
        names.withUnsafeBufferPointer { names in
            guard let base = names.baseAddress else { return }
            entries.sort { one, other in strcmp(base + one.name.lowerBound, base + other.name.lowerBound) < 0
            }
        }
    }

    package var count: Int { entries.count }

    package func name(at position: Int) -> ByteString {
        names.withUnsafeBytes { ByteString(Array($0[entries[position].name])) }
    }

    /// Whether the name comes before `other` (negative), is it (0), or comes after it.
    package func compareName(at position: Int, with other: ByteString) -> Int {
        let range = entries[position].name
        let common = min(range.count, other.count)
        for index in 0..<common {
            let (one, two) = (UInt8(bitPattern: names[range.lowerBound + index]), other.bytes[index])
            if one != two { return one < two ? -1 : 1 }
        }
        return range.count - other.count
    }

    /// The attributes that `statx(2)` tells; `nil` when the entry has gone meanwhile.
    package func status(at position: Int) -> FileAttributes? {
        status(of: descriptor, entries[position].name.lowerBound)
    }

    /// Whether `directory` belongs to a filesystem that shows the kernel's state rather than files.
    ///
    /// The corresponding kernel definitions are in `linux/magic.h`.
    package static func isKernelState(_ directory: ByteString) -> Bool {
        kernelStateMagics.contains(ctree_filesystem(directory.zeroTerminated))
    }

    /// proc, sysfs, cgroup, cgroup2, debugfs, tracefs, bpf, securityfs, pstore, efivarfs, devpts, mqueue, hugetlbfs,
    /// configfs, binfmt_misc, autofs, fusectl, selinuxfs, nsfs, rpc_pipefs, nfsd.
    private static let kernelStateMagics: Set<UInt32> = [
        0x9fa0, 0x6265_6572, 0x0027_e0eb, 0x6367_7270, 0x6462_6720, 0x7472_6163, 0xcafe_4a11, 0x7363_6673,
        0x6165_676c, 0xde5e_81e4, 0x1cd1, 0x1980_0202, 0x9584_58f6, 0x6265_6570, 0x4249_4e4d, 0x0187,
        0x6573_5543, 0xf97c_ff8c, 0x6e73_6673, 0x6759_6969, 0x6e66_7364,
    ]

    private func status(of descriptor: Int32, _ name: Int?) -> FileAttributes? {
        var status = ctree_status()
        let result = names.withUnsafeBufferPointer { names in
            guard let name, let base = names.baseAddress else { return ctree_status(descriptor, "", &status) }
            return ctree_status(descriptor, base + name, &status)
        }
        return result == 0 ? FileAttributes(status) : nil
    }

    /// Adds to `attributes`, which are those of the entry, what takes more calls: link target, generation, extended
    /// attributes, and of regular files up to `limit` bytes the SHA-256.
    ///
    /// - Parameter settles: reads a file that changes meanwhile again, and tells its last state.
    /// - Returns: `false` when the entry has gone meanwhile.
    package func complete(
        _ attributes: inout FileAttributes, at position: Int, digestLimit limit: UInt64, settles: Bool
    ) -> Bool {
        switch attributes.type {
        case .file: completeFile(&attributes, at: position, limit: limit, settles: settles)
        case .symlink: completeLink(&attributes, at: position)
        default: completeByPath(&attributes, at: position)
        }
    }

    private func completeFile(
        _ attributes: inout FileAttributes, at position: Int, limit: UInt64, settles: Bool
    ) -> Bool {
        let name = entries[position].name.lowerBound
        let file = names.withUnsafeBufferPointer { names in
            names.baseAddress.map { ctree_open_file(descriptor, $0 + name) } ?? -ENOENT
        }
        // Not allowed, or on a filesystem that refuses: its other attributes are still worth keeping.
        if file < 0 { return file == -ENOENT ? false : completeByPath(&attributes, at: position) }
        defer { close(file) }
        // A file that is written all the time is taken as it is at the third attempt.
        for _ in 0..<(settles ? 3 : 1) {
            attributes.sha256 =
                attributes.size <= limit ? digest.sha256(of: file, size: attributes.size) : nil
            guard settles, let now = status(of: file, nil), !now.looksLike(attributes) else { break }
            attributes.takeStatus(now)
        }
        learnInode(of: file, into: &attributes)
        return true
    }

    private func completeLink(_ attributes: inout FileAttributes, at position: Int) -> Bool {
        let name = entries[position].name.lowerBound
        let length = names.withUnsafeBufferPointer { names in
            names.baseAddress.map {
                ctree_link_target(descriptor, $0 + name, &target, UInt32(target.count))
            } ?? -ENOENT
        }
        guard length >= 0 else { return false }
        attributes.linkTarget = ByteString(target[..<Int(length)].map { UInt8(bitPattern: $0) })
        return completeByPath(&attributes, at: position)
    }

    private func completeByPath(_ attributes: inout FileAttributes, at position: Int) -> Bool {
        var extended = ctree_extended()
        let place = path.appending(name(at: position)).zeroTerminated
        if ctree_extended_at(place, &extended) == 0 { attributes.take(extended) }
        return true
    }

    private func learnInode(of descriptor: Int32, into attributes: inout FileAttributes) {
        attributes.generation = ctree_generation(descriptor)
        var extended = ctree_extended()
        if ctree_extended(descriptor, &extended) == 0 { attributes.take(extended) }
    }
}
