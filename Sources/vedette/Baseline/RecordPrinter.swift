internal import Baseline
internal import EventModel
internal import Glibc
internal import Reporting
internal import SensorCore

/// Prints what the baseline has of files: a line each, or a page.
final class RecordPrinter {
    private let format: WatchOptions.Format
    private let layers = LayerFinder()
    private var buffer: [UInt8] = []
    /// Standard output takes nothing any more.
    private(set) var isBroken = false
    private let host: HostRoot

    init(format: WatchOptions.Format, host: HostRoot) { (self.format, self.host) = (format, host) }

    /// `0644 0 0 1234 <sha256> /path`, or a JSON object.
    func line(_ path: ByteString, _ record: BaselineRecord) {
        let (file, path) = (record.attributes, host.name(path))
        if case .json = format { return json(path, record) }
        let digest = file.sha256?.hexadecimal ?? "-"
        var text = "\(Self.letter(of: file.type))\(file.modeText) \(file.owner) \(file.group) "
        text += "\(file.size) \(digest) \(printable(path))"
        if let target = file.linkTarget { text += " -> " + printable(target) }
        append(text)
    }

    /// One attribute a line, or a JSON object.
    func page(_ path: ByteString, _ record: BaselineRecord) {
        let (file, path) = (record.attributes, host.name(path))
        if case .json = format { return json(path, record) }
        append(printable(path))
        let shown: [FileAttribute] = [.type, .mode, .owner, .group, .size, .links, .linkTarget]
        for attribute in shown {
            if let value = file.text(of: attribute) { field(attribute.rawValue, printable(value)) }
        }
        field("inode", "\(file.inode) (generation \(file.generation)) on device \(file.device)")
        field("mtime", localMoment(file.modified))
        field("ctime", localMoment(file.changed))
        if file.born != 0 { field("created", localMoment(file.born)) }
        if file.isImmutable { field("immutable", "yes") }
        if file.isAppendOnly { field("append_only", "yes") }
        for (name, value) in [
            ("acl", file.acl), ("capabilities", file.capabilities), ("xattr", file.extended),
        ]
        where value != 0 {
            field(name, "present, digest " + String(value, radix: 16))
        }
        if let digest = file.sha256 { field("sha256", digest.hexadecimal) }
        for name in DigestAlgorithm.allCases {
            if let digest = file.furtherDigests?.hexadecimal(of: name) { field(name.rawValue, digest) }
        }
        field("seen", localMoment(record.seen))
        if let layer = layers.layer(of: path) {
            field("layer", "\(layer.storage.rawValue) \(printable(layer.directory))")
            field("path in it", printable(layer.path))
        }
    }

    private func json(_ path: ByteString, _ record: BaselineRecord) {
        var writer = ByteWriter()
        writer.baselineRecord(
            path: path, record.attributes, seen: record.seen, layer: layers.layer(of: path))
        writer.append(UInt8(ascii: "\n"))
        buffer += writer.copy
        if buffer.count > 65_536 { flush() }
    }

    private func field(_ name: String, _ value: String) {
        append("  " + name + String(repeating: " ", count: max(1, 14 - name.utf8.count)) + value)
    }

    private func append(_ text: String) {
        buffer += Array(text.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count > 65_536 { flush() }
    }

    func flush() {
        var done = 0
        while done < buffer.count, !isBroken {
            let wrote = buffer.withUnsafeBytes {
                write(STDOUT_FILENO, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            isBroken = wrote < 0 && errno != EINTR
            done += max(0, wrote)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func letter(of type: FileType) -> String {
        switch type {
        case .file: "-"
        case .directory: "d"
        case .symlink: "l"
        case .fifo: "p"
        case .socket: "s"
        case .characterDevice: "c"
        case .blockDevice: "b"
        case .unknown: "?"
        }
    }
}
