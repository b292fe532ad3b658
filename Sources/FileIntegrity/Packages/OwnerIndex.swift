internal import CPackages
internal import EventModel
internal import Glibc

/// Which packages may have a path: a hash table in a file without a name, of which no part stays in memory.
///
/// A slot holds 48 bits of a path's key and 16 of its package's number plus one; a path that many packages have is
/// kept for the first four. What it says is a hint that the package's own list confirms.
final class OwnerIndex {
    static let slotsInBucket = 64
    /// One slice is made at a time, in 1 MiB of memory that is given back.
    static let bucketsInSlice = 2_048
    static let maximumPackages = 65_000
    /// 3.1 million paths.
    static let maximumSlices = 32
    private static let ownersKept = 4

    private let descriptor: Int32
    private let slices: Int
    /// The packages' names, a newline after each, and where each begins.
    private let names: [UInt8]
    private let starts: [UInt32]
    /// Paths that found no room; 0 unless somebody made the lists for it.
    let unindexed: Int

    private init(descriptor: Int32, slices: Int, names: [UInt8], starts: [UInt32], unindexed: Int) {
        self.descriptor = descriptor
        self.slices = slices
        self.names = names
        self.starts = starts
        self.unindexed = unindexed
    }

    deinit { close(descriptor) }

    /// Packages that may have the path with this key, at most four.
    func packages(of key: UInt64) -> [ByteString] {
        var found: [ByteString] = []
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.slotsInBucket) { bucket in
            for step in 0..<Slice.maximumProbes {
                let position = Slice.bucket(of: key, slices: slices, step: step)
                let size = Self.slotsInBucket * 8
                guard pread(descriptor, bucket.baseAddress, size, off_t(position * size)) == size else {
                    return
                }
                for slot in bucket where slot != 0 && slot >> 16 == key >> 16 {
                    if let name = name(Int(slot & 0xffff) - 1) { found.append(name) }
                }
                if bucket[Self.slotsInBucket - 1] == 0 { return }
            }
        }
        return found
    }

    private func name(_ number: Int) -> ByteString? {
        guard starts.indices.contains(number) else { return nil }
        let start = Int(starts[number])
        return ByteString(Array(names[start...].prefix { $0 != UInt8(ascii: "\n") }))
    }

    /// Makes an index of `packages`.
    ///
    /// - Parameters:
    ///   - bytes: how much text the lists of paths have together, about.
    ///   - directory: where the file is made; memory is taken instead when it cannot be there.
    ///   - paths: calls its second argument with the key of each path of the package at a position.
    /// - Returns: `nil` when there is no room for it.
    static func build(
        of packages: [ByteString], bytes: Int, in directory: ByteString,
        paths: (Int, (UInt64) -> Void) -> Void
    ) -> OwnerIndex? {
        let descriptor = cpackages_scratch_file(directory.zeroTerminated)
        guard descriptor >= 0 else { return nil }
        // Paths of 48 bytes: shorter than they are, so that the table is never full.
        let capacity = bucketsInSlice * slotsInBucket
        let slices = min(maximumSlices, max(1, (bytes / 48 + capacity - 1) / capacity))
        let known = packages.prefix(maximumPackages)
        guard let unindexed = fill(descriptor, slices, known.count, paths) else {
            close(descriptor)
            return nil
        }
        var (names, starts): ([UInt8], [UInt32]) = ([], [])
        for package in known {
            starts.append(UInt32(names.count))
            names += package.bytes + [UInt8(ascii: "\n")]
        }
        return OwnerIndex(
            descriptor: descriptor, slices: slices, names: names, starts: starts, unindexed: unindexed)
    }

    /// Writes slice after slice. Every one takes a walk through all lists: time is spent so that memory is not.
    private static func fill(
        _ descriptor: Int32, _ slices: Int, _ packages: Int, _ paths: (Int, (UInt64) -> Void) -> Void
    ) -> Int? {
        guard let slice = Slice() else { return nil }
        for number in 0..<slices {
            slice.clear()
            for package in 0..<packages {
                paths(package) { key in
                    if Slice.number(of: key, slices: slices) == number { slice.insert(key, owner: package) }
                }
            }
            guard slice.write(to: descriptor, number: number) else { return nil }
        }
        return slice.refused
    }

    /// One part of the table while it is made.
    private final class Slice {
        /// Buckets that are tried for one path.
        static let maximumProbes = 8
        private static let size = bucketsInSlice * slotsInBucket * 8
        private let slots: UnsafeMutablePointer<UInt64>
        private(set) var refused = 0

        /// Mapped rather than allocated, so that it goes back whole.
        init?() {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS
            guard let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, flags, -1, 0),
                memory != MAP_FAILED
            else { return nil }
            slots = memory.bindMemory(to: UInt64.self, capacity: Self.size / 8)
        }

        deinit { munmap(slots, Self.size) }

        static func number(of key: UInt64, slices: Int) -> Int { Int((key >> 40) % UInt64(slices)) }

        /// The bucket in the whole table that is tried after `step` others.
        static func bucket(of key: UInt64, slices: Int, step: Int) -> Int {
            number(of: key, slices: slices) * bucketsInSlice + (Int(key & 0xffff) + step) % bucketsInSlice
        }

        func clear() { memset(slots, 0, Self.size) }

        func insert(_ key: UInt64, owner: Int) {
            let slot = (key & ~0xffff) | UInt64(owner + 1)
            var owners = 0
            for step in 0..<Self.maximumProbes {
                let bucket = slots + (Int(key & 0xffff) + step) % bucketsInSlice * slotsInBucket
                for index in 0..<slotsInBucket {
                    if bucket[index] == 0 {
                        bucket[index] = slot
                        return
                    }
                    if bucket[index] >> 16 == key >> 16 { owners += 1 }
                    if owners == ownersKept { return }
                }
            }
            refused += 1
        }

        func write(to descriptor: Int32, number: Int) -> Bool {
            var written = 0
            while written < Self.size {
                let start = UnsafeRawPointer(slots) + written
                let got = pwrite(descriptor, start, Self.size - written, off_t(number * Self.size + written))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return false }
                written += got
            }
            return true
        }
    }
}
