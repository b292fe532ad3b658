internal import EventModel
internal import Glibc

/// One package in rpm's database: a table of tags and their values, big-endian. Valid as long as its bytes are.
///
/// The corresponding definitions are in `rpm/rpmtag.h` and `lib/header.c` of rpm.
struct RpmHeader {
    enum Tag: UInt32 {
        case name = 1000
        case version = 1001
        case release = 1002
        case epoch = 1003
        case architecture = 1022
        case fileStates = 1029
        case fileModes = 1030
        case fileDigests = 1035
        case fileLinkTargets = 1036
        case fileFlags = 1037
        case directoryIndexes = 1116
        case baseNames = 1117
        case directoryNames = 1118
        case digestAlgorithm = 5011
    }

    /// One value, or one after another.
    private struct Entry {
        var type: UInt32
        var offset: Int
        var count: Int
    }

    private static let maximumTags = 65_536
    private let bytes: UnsafeRawBufferPointer
    private let tags: Int
    private let data: UnsafeRawBufferPointer

    /// - Returns: `nil` for bytes that are no header.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8 else { return nil }
        let (tags, size) = (Self.number(bytes, at: 0), Self.number(bytes, at: 4))
        guard tags <= Self.maximumTags, bytes.count - 8 - tags * 16 >= size else { return nil }
        self.bytes = bytes
        self.tags = tags
        data = UnsafeRawBufferPointer(rebasing: bytes[(8 + tags * 16)..<(8 + tags * 16 + size)])
    }

    /// Within the bounds that the caller has checked.
    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private func entry(_ tag: Tag) -> Entry? {
        for index in 0..<tags where Self.number(bytes, at: 8 + index * 16) == Int(tag.rawValue) {
            let start = 8 + index * 16
            let entry = Entry(
                type: UInt32(Self.number(bytes, at: start + 4)), offset: Self.number(bytes, at: start + 8),
                count: Self.number(bytes, at: start + 12))
            return entry.offset <= data.count ? entry : nil
        }
        return nil
    }

    /// How many files it has.
    var fileCount: Int { entry(.baseNames).map { min($0.count, data.count) } ?? 0 }

    /// The number at `index` of an array of 8, 16 or 32 bits.
    func number(_ tag: Tag, at index: Int = 0) -> UInt32? {
        guard let entry = entry(tag), index < entry.count else { return nil }
        let left = data.count - entry.offset
        switch entry.type {
        case 1, 2: return index < left ? UInt32(data[entry.offset + index]) : nil
        case 3:
            guard index < left / 2 else { return nil }
            let value = data.loadUnaligned(fromByteOffset: entry.offset + index * 2, as: UInt16.self)
            return UInt32(UInt16(bigEndian: value))
        case 4: return index < left / 4 ? UInt32(Self.number(data, at: entry.offset + index * 4)) : nil
        default: return nil
        }
    }

    /// The text at `index` of an array.
    func text(_ tag: Tag, at index: Int = 0) -> UnsafeRawBufferPointer? {
        var (found, position): (UnsafeRawBufferPointer?, Int) = (nil, 0)
        forEachText(tag) { text in
            if position == index { found = text }
            position += 1
            return found == nil
        }
        return found
    }

    /// Calls `body` with each text of an array until it returns `false`.
    func forEachText(_ tag: Tag, _ body: (UnsafeRawBufferPointer) -> Bool) {
        guard let entry = entry(tag), [6, 8, 9].contains(entry.type), let base = data.baseAddress else {
            return
        }
        var start = entry.offset
        for _ in 0..<entry.count {
            guard start < data.count, let end = memchr(base + start, 0, data.count - start) else { return }
            let next = UnsafeRawPointer(end) - base
            if !body(UnsafeRawBufferPointer(rebasing: data[start..<next])) { return }
            start = next + 1
        }
    }

    /// Epoch, version and release as `1:1.0-2`.
    var identity: PackageIdentity? {
        guard let name = text(.name), let version = text(.version), let release = text(.release) else {
            return nil
        }
        let epoch = number(.epoch).map { Array("\($0):".utf8) } ?? []
        return PackageIdentity(
            name: ByteString(Array(name)),
            version: ByteString(epoch + Array(version) + [UInt8(ascii: "-")] + Array(release)),
            architecture: text(.architecture).map { ByteString(Array($0)) })
    }

    /// Calls `body` with the path of each file, in pieces: its directory with a slash, and its name.
    func forEachPath(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
        var directories: [UnsafeRawBufferPointer] = []
        forEachText(.directoryNames) { directory in
            directories.append(directory)
            return true
        }
        var position = 0
        forEachText(.baseNames) { name in
            if let index = number(.directoryIndexes, at: position), directories.indices.contains(Int(index)) {
                body(directories[Int(index)], name)
            }
            position += 1
            return true
        }
    }
}

extension RpmHeader {
    /// Of `rpm/rpmfiles.h`.
    private static let (isConfiguration, isGhost): (UInt32, UInt32) = (1 << 0, 1 << 6)
    /// SHA-256 by `rpm/rpmpgp.h`; MD5 is 1, which is also meant where the tag is absent.
    private static let (md5, sha256): (UInt32, UInt32) = (1, 8)

    /// What it says of its file number `index`, when that is `path`; `nil` also when another package has replaced it.
    func owned(_ index: Int, path: ByteString) -> OwnedPath? {
        guard let name = text(.baseNames, at: index), let place = number(.directoryIndexes, at: index),
            let directory = text(.directoryNames, at: Int(place)),
            path.bytes.elementsEqual(Array(directory) + name),
            number(.fileStates, at: index) ?? 0 == 0, let identity
        else { return nil }
        let flags = number(.fileFlags, at: index) ?? 0
        var owned = OwnedPath(package: identity, digest: digest(index))
        owned.isConfiguration = flags & Self.isConfiguration != 0
        owned.isGhost = flags & Self.isGhost != 0
        // What a ghost is, is up to those who make it.
        if !owned.isGhost { owned.type = number(.fileModes, at: index).map { FileType(mode: $0) } }
        if let target = text(.fileLinkTargets, at: index), !target.isEmpty {
            owned.linkTarget = ByteString(Array(target))
        }
        return owned
    }

    private func digest(_ index: Int) -> PackagedDigest? {
        guard let digits = text(.fileDigests, at: index), !digits.isEmpty else { return nil }
        switch number(.digestAlgorithm) ?? Self.md5 {
        case Self.md5: return MD5Digest(hexadecimal: digits).map { .md5($0) }
        case Self.sha256: return SHA256Digest(hexadecimal: digits).map { .sha256($0) }
        default: return nil
        }
    }
}

extension SHA256Digest {
    /// - Parameter digits: 64 of them; `nil` for anything else.
    init?(hexadecimal digits: UnsafeRawBufferPointer) {
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = HexDigit.value(of: digits[index]),
                let low = HexDigit.value(of: digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes)
    }
}
