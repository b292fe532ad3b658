internal import EventModel

/// Makes one number of a path, however it is spelt: `/lib/x` is `/usr/lib/x` where `/lib` is a link to it.
///
/// Numbers differ from process to process, so that nobody can choose paths that have the same one.
struct PathKeys {
    private let seed = UInt64.random(in: .min ... .max)
    /// Names of the root directory that are links to the same name in `/usr`, each with a slash at its end.
    private let merged: [[UInt8]]

    /// - Parameter root: where the host's root directory is.
    init(root: ByteString) {
        let names: [ByteString] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32"]
        merged = names.filter { name in
            guard let direct = FileStamp(path: ByteString("/").appending(name).below(root)) else {
                return false
            }
            let below = FileStamp(path: ByteString("/usr").appending(name).below(root))
            return below.map { ($0.device, $0.inode) == (direct.device, direct.inode) } ?? false
        }.map { $0.bytes + [UInt8(ascii: "/")] }
    }

    /// - Parameter path: absolute, or without its first slash.
    func key(_ path: UnsafeRawBufferPointer) -> UInt64 {
        key(path, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// - Parameter name: what follows on `path`.
    func key(_ path: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> UInt64 {
        let relative = path.first == UInt8(ascii: "/") ? path.after(1) : path
        var hash = seed
        if isMerged(relative) {
            for byte: UInt8 in [0x75, 0x73, 0x72, 0x2f] { Self.add(byte, to: &hash) }
        }
        for byte in relative { Self.add(byte, to: &hash) }
        for byte in name { Self.add(byte, to: &hash) }
        // The last steps of MurmurHash3: every bit depends on every byte.
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    /// `path`, and the other way in which a package may have it.
    func spellings(of path: ByteString) -> [ByteString] {
        let parts = (usr: Array("/usr/".utf8), slash: [UInt8(ascii: "/")])
        let (below, direct) = (path.bytes.dropFirst(parts.usr.count), path.bytes.dropFirst())
        if path.bytes.starts(with: parts.usr), merged.contains(where: { below.starts(with: $0) }) {
            return [path, ByteString(parts.slash + below)]
        }
        return merged.contains { direct.starts(with: $0) } ? [path, ByteString(parts.usr + direct)] : [path]
    }

    func key(_ path: ByteString) -> UInt64 { path.bytes.withUnsafeBytes { key($0) } }

    /// FNV-1a.
    private static func add(_ byte: UInt8, to hash: inout UInt64) {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    private func isMerged(_ path: UnsafeRawBufferPointer) -> Bool {
        guard let first = path.first, first == UInt8(ascii: "l") || first == 0x62 || first == 0x73 else {
            return false
        }
        return merged.contains { path.starts(with: $0) }
    }
}
