internal import CTree
package import EventModel
internal import Glibc
package import KernelSources

/// Lists directories and reads what is in them, one directory at a time. One thread owns it.
///
/// Nothing is followed: a symbolic link is itself.
package final class DirectoryReader {
    private struct Entry {
        /// Where its name begins in `names`.
        var start: UInt32
        var length: UInt16
        /// `d_type`: not every filesystem tells it.
        var type: UInt8

        var range: Range<Int> { Int(start)..<(Int(start) + Int(length)) }
    }

    private var path = ByteString()
    /// Of the directory; it stays the reader's.
    package private(set) var descriptor: Int32 = -1
    /// Zero-terminated, one after another.
    private var names: [UInt8] = []
    /// By name.
    private var entries: [Entry] = []
    private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
    private var target = [CChar](repeating: 0, count: 4_096)
    private let digest: ContentDigest
    private let taker: FileTaker
    /// What is digested beside SHA-256.
    package var digests: DigestSet {
        get { digest.further }
        set { digest.further = newValue }
    }

    /// Bytes of names in a directory that is listed.
    private let mostNames: Int
    /// Bytes of names that room is kept for.
    private static let keptNames = 1 << 18

    /// - Parameter mostNames: bytes of names in a directory that is listed. Some million of them, by default, which with
    ///   their places take 45 MB for as long as the directory is read.
    package init(mostNames: Int = 1 << 25) {
        self.mostNames = mostNames
        digest = ContentDigest()
        taker = FileTaker(digest)
    }

    deinit {
        closeDirectory()
        block.deallocate()
    }

    /// Lets go of the directory.
    package func finish() {
        closeDirectory()
        forgetNames()
    }

    private func closeDirectory() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Lists `directory`; until the next call, positions are those of its entries, sorted by name.
    ///
    /// - Throws: `KernelError` with `ENOENT`, `ENOTDIR`, `ELOOP`, `EACCES`, `EOVERFLOW` of a directory that is larger
    ///   than any should be, or what the filesystem says.
    package func open(_ directory: ByteString) throws(KernelError) {
        closeDirectory()
        forgetNames()
        path = directory
        descriptor = try check("open(2)", ctree_open_directory(directory.zeroTerminated))
        while true {
            let buffer = block.baseAddress.map { ctree_list(descriptor, $0, UInt32(block.count)) } ?? 0
            let got = try check("getdents64(2)", buffer)
            if got == 0 { break }
            append(UnsafeRawBufferPointer(rebasing: block[..<Int(got)]))
            guard names.count <= mostNames else {
                forgetNames()
                throw KernelError(call: "getdents64(2)", errno: EOVERFLOW)
            }
        }
        sort()
    }

    private func forgetNames() {
        let keeps = names.capacity <= Self.keptNames
        names.removeAll(keepingCapacity: keeps)
        entries.removeAll(keepingCapacity: keeps)
    }

    /// Takes over `list`: `struct linux_dirent64`, one after another.
    private func append(_ list: UnsafeRawBufferPointer) {
        var at = 0
        while at + 19 < list.count {
            let length = Int(list.loadUnaligned(fromByteOffset: at + 16, as: UInt16.self))
            guard length > 19, at + length <= list.count else { return }
            let field = UnsafeRawBufferPointer(rebasing: list[(at + 19)..<(at + length)])
            let name = UnsafeRawBufferPointer(rebasing: field[..<(field.firstIndex(of: 0) ?? field.count)])
            if !isSpecial(name) {
                entries.append(
                    Entry(start: UInt32(names.count), length: UInt16(name.count), type: list[at + 18]))
                names.append(contentsOf: name)
                names.append(0)
            }
            at += length
        }
    }

    /// Whether it is `.` or `..`.
    private func isSpecial(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    private func sort() {
        names.withUnsafeBytes { names in
            guard let base = names.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            entries.sort { one, other in strcmp(base + Int(one.start), base + Int(other.start)) < 0 }
        }
    }

    package var count: Int { entries.count }

    package func name(at position: Int) -> ByteString {
        ByteString(Array(names[entries[position].range]))
    }

    /// Whether the name comes before `other` (negative), is it (0), or comes after it.
    package func compareName(at position: Int, with other: ByteString) -> Int {
        let range = entries[position].range
        let common = min(range.count, other.count)
        for index in 0..<common {
            let (one, two) = (names[range.lowerBound + index], other.bytes[index])
            if one != two { return one < two ? -1 : 1 }
        }
        return range.count - other.count
    }

    /// Calls with the name as C has it, and the directory's descriptor.
    private func withName<Result>(at position: Int, _ body: (Int32, UnsafePointer<CChar>) -> Result) -> Result
    {
        let start = Int(entries[position].start)
        return names.withUnsafeBytes { names in
            // There is a position, so there are names.
            let base = names.baseAddress.unsafelyUnwrapped
            return body(descriptor, base.assumingMemoryBound(to: CChar.self) + start)
        }
    }

    /// The attributes that `statx(2)` tells; `nil` when the entry has gone meanwhile.
    package func status(at position: Int) -> FileAttributes? {
        var status = ctree_status()
        let result = withName(at: position) { ctree_status($0, $1, &status) }
        return result == 0 ? FileAttributes(status) : nil
    }

    /// Those of what is open as `file`.
    private func status(of file: Int32) -> FileAttributes? {
        var status = ctree_status()
        return ctree_status(file, "", &status) == 0 ? FileAttributes(status) : nil
    }

    /// Whether a filesystem is mounted at the entry; `false` before Linux 5.8, which does not tell.
    package func isMountRoot(at position: Int) -> Bool {
        withName(at: position) { ctree_is_mount_root($0, $1) } == 1
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

    /// The attributes of an entry that nothing is known of: those of `status` and `complete` in one.
    package func take(at position: Int, digestLimit limit: UInt64) -> FileAttributes? {
        if isRegular(at: position), let file = takeFile(at: position, limit: limit) { return file }
        guard var attributes = status(at: position) else { return nil }
        return complete(&attributes, at: position, digestLimit: limit, settles: false) ? attributes : nil
    }

    /// `nil` when it cannot be opened, or is no regular file any more.
    private func takeFile(at position: Int, limit: UInt64) -> FileAttributes? {
        withName(at: position) { taker.take($1, in: $0, digestLimit: limit) }
    }

    /// Whether the directory says that the entry is a regular file; not every filesystem does.
    package func isRegular(at position: Int) -> Bool { entries[position].type == UInt8(DT_REG) }

    /// Opens the content of a file, to be digested in parts; `nil` when that is refused.
    package func openContent(at position: Int) -> LargeContent? {
        LargeContent(withName(at: position, ctree_open_file), digests: digests)
    }

    private func completeFile(
        _ attributes: inout FileAttributes, at position: Int, limit: UInt64, settles: Bool
    ) -> Bool {
        let file = withName(at: position, ctree_open_file)
        // Not allowed, or on a filesystem that refuses: its other attributes are still worth keeping.
        if file < 0 { return file == -ENOENT ? false : completeByPath(&attributes, at: position) }
        defer { close(file) }
        // A file that is written all the time is taken as it is at the third attempt.
        for _ in 0..<(settles ? 3 : 1) {
            digest.learn(of: file, limit: limit, into: &attributes)
            guard settles, let now = status(of: file), !now.looksLike(attributes) else { break }
            attributes.takeStatus(now)
        }
        attributes.learnInode(of: file)
        return true
    }

    private func completeLink(_ attributes: inout FileAttributes, at position: Int) -> Bool {
        let length = withName(at: position) { directory, name in
            ctree_link_target(directory, name, &target, UInt32(target.count))
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
}
