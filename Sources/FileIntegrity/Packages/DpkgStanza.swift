internal import EventModel
internal import Glibc

/// What dpkg's status says of one package.
struct DpkgStanza {
    var identity: PackageIdentity
    /// Its configuration files, by the keys of their paths; no digest where the file does not have one yet.
    private(set) var configuration: [UInt64: MD5Digest?] = [:]
    /// More are left out. The largest package of Debian has some hundred.
    static let maximumConfiguration = 4_096

    init(name: ByteString) { identity = PackageIdentity(name: name) }

    /// Takes over one line of the stanza.
    mutating func add(_ line: UnsafeRawBufferPointer, _ keys: PathKeys) {
        if line.starts(withBytes: "Version: ") {
            identity.version = ByteString(Array(line.after(9)))
        } else if line.starts(withBytes: "Architecture: ") {
            identity.architecture = ByteString(Array(line.after(14)))
        } else if line.starts(withBytes: " /") {
            addConfiguration(line.after(1), keys)
        }
    }

    /// ` /etc/foo.conf 0123456789abcdef0123456789abcdef obsolete`
    private mutating func addConfiguration(_ line: UnsafeRawBufferPointer, _ keys: PathKeys) {
        var line = line
        for flag: StaticString in [" remove-on-upgrade", " obsolete"] where line.ends(withBytes: flag) {
            line = UnsafeRawBufferPointer(rebasing: line.dropLast(flag.utf8CodeUnitCount))
        }
        guard configuration.count < Self.maximumConfiguration,
            let space = line.lastIndex(of: UInt8(ascii: " "))
        else { return }
        let path = UnsafeRawBufferPointer(rebasing: line[..<space])
        configuration.updateValue(MD5Digest(hexadecimal: line.after(space + 1)), forKey: keys.key(path))
    }
}

/// Finds stanzas in dpkg's status and in what it has noted beside it and not yet taken over.
struct DpkgStatus {
    private let file: ByteString
    private let updates: ByteString
    private let reader: LineReader
    private let keys: PathKeys
    /// 64 MiB: a hundred times what a host with 800 packages has.
    private static let largestFile = 64 << 20
    /// dpkg takes its notes over after 250.
    private static let maximumUpdates = 1_000

    /// - Parameter directory: dpkg's, as this process reaches it.
    init(directory: ByteString, reader: LineReader, keys: PathKeys) {
        file = directory.appending("status")
        updates = directory.appending("updates")
        self.reader = reader
        self.keys = keys
    }

    /// Which state of it.
    var stamp: [FileStamp?] { [FileStamp(path: file), FileStamp(path: updates)] }

    /// When dpkg wrote it last: nanoseconds since 1970.
    var modified: UInt64 { max(FileStamp(path: file)?.changed ?? 0, FileStamp(path: updates)?.changed ?? 0) }

    /// - Parameter package: `curl`, or `curl:amd64`.
    func stanza(of package: ByteString) -> DpkgStanza? {
        let notes = DirectoryNames.list(updates, limit: Self.maximumUpdates).filter { name in
            !name.isEmpty && name.bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        for note in notes.sorted(by: >) {
            if let found = stanza(of: package, in: updates.appending(note)) { return found }
        }
        return stanza(of: package, in: file)
    }

    private func stanza(of package: ByteString, in file: ByteString) -> DpkgStanza? {
        let parts = package.bytes.split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard let name = parts.first.map({ ByteString(Array($0)) }) else { return nil }
        let architecture = parts.count > 1 ? ByteString(Array(parts[1])) : nil
        let needle = Array("\nPackage: ".utf8) + name.bytes + [UInt8(ascii: "\n")]
        var (open, found): (DpkgStanza?, DpkgStanza?)
        let isWanted: (DpkgStanza) -> Bool = {
            architecture == nil || $0.identity.architecture == architecture
        }
        reader.read(file, limit: Self.largestFile) { block in
            var position = 1
            while position < block.count {
                if open == nil {
                    guard let start = block.position(of: needle, from: position - 1) else { return true }
                    open = DpkgStanza(name: name)
                    position = start + needle.count
                }
                let isOpen = block.forEachLine(from: position) { line in
                    position += line.count + 1
                    if !line.isEmpty { open?.add(line, keys) }
                    return !line.isEmpty
                }
                guard !isOpen else { return true }
                if let stanza = open, isWanted(stanza) { found = stanza }
                open = nil
                if found != nil { return false }
            }
            return true
        }
        return found ?? open.flatMap { isWanted($0) ? $0 : nil }
    }
}

extension UnsafeRawBufferPointer {
    func ends(withBytes suffix: StaticString) -> Bool {
        let length = suffix.utf8CodeUnitCount
        guard count >= length, let base = baseAddress else { return false }
        return memcmp(base + count - length, suffix.utf8Start, length) == 0
    }
}
