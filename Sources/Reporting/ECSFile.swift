internal import EventModel

extension ByteWriter {
    /// The members of `file`.
    mutating func file(_ change: FileChange, _ context: ECSContext) {
        field("path", change.path)
        parts(of: change.path.bytes.span)
        if change.type != .unknown { field("type", change.type.rawValue) }
        if let inode = change.inode { field("inode", keyword: inode) }
        if let device = change.device { field("device", deviceNumber: device) }
        if let size = change.size { field("size", size) }
        if let mode = change.mode {
            write(key: "mode")
            append(UInt8(ascii: "\""))
            append(permissions: mode)
            append(UInt8(ascii: "\""))
        }
        if let owner = change.owner {
            field("uid", keyword: UInt64(owner))
            if let name = context.names.user(owner) { field("owner", name) }
        }
        if let group = change.group {
            field("gid", keyword: UInt64(group))
            if let name = context.names.group(group) { field("group", name) }
        }
        if let attributes = change.after ?? change.before { known(attributes) }
    }

    /// What only a baseline knows of a file.
    private mutating func known(_ attributes: FileAttributes) {
        field("mtime", timestamp: attributes.modified)
        field("ctime", timestamp: attributes.changed)
        if attributes.born != 0 { field("created", timestamp: attributes.born) }
        if let target = attributes.linkTarget { field("target_path", target) }
        if attributes.sha256 != nil { object("hash") { $0.contentDigests(of: attributes) } }
    }

    /// `name`, `directory` and `extension`. Dot files, and names that end in a dot, have no extension.
    private mutating func parts(of path: Span<UInt8>) {
        let start = (lastIndex(of: UInt8(ascii: "/"), in: path, from: 0) ?? -1) + 1
        if start < path.count { field("name", path.extracting(start..<path.count)) }
        field("directory", path.extracting(0..<(start == 0 ? 0 : max(start - 1, 1))))
        if let dot = lastIndex(of: UInt8(ascii: "."), in: path, from: start + 1), dot + 1 < path.count {
            field("extension", path.extracting((dot + 1)..<path.count))
        }
    }

    private func lastIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = bytes.count
        while index > start {
            index &-= 1
            if bytes[index] == byte { return index }
        }
        return nil
    }

    /// The members of `vedette.file`: what the common schema has no name for.
    mutating func ownFileFields(_ change: FileChange) {
        exactBytes("path_bytes", of: change.path)
        if let previous = change.previousPath { field("previous_path", previous) }
        exactBytes("previous_path_bytes", of: change.previousPath)
        if let inside = change.containerPath { field("container_path", inside) }
        exactBytes("container_path_bytes", of: change.containerPath)
        if let layer = change.layer { self.layer(layer) }
    }

    /// `layer`, with the path in it.
    mutating func layer(_ layer: ContainerLayer) {
        object("layer") { writer in
            writer.field("storage", layer.storage.rawValue)
            writer.field("id", layer.id)
            writer.field("directory", layer.directory)
            writer.field("path", layer.path)
        }
    }

    /// `vedette.scratch_paths`, absent when there are none.
    mutating func scratch(_ paths: [ByteString]) {
        array("scratch_paths") { writer in
            for path in paths { writer.element(path) }
        }
        exactBytes("scratch_paths_bytes", ofAll: paths)
    }

    /// `major:minor` of a device number.
    ///
    /// The corresponding definition is `gnu_dev_major` in `sys/sysmacros.h`.
    private mutating func field(_ key: StaticString, deviceNumber device: UInt64) {
        let major = (device >> 8) & 0xfff | (device >> 32) & 0xffff_f000
        let minor = device & 0xff | (device >> 12) & 0xffff_ff00
        write(key: key)
        append(UInt8(ascii: "\""))
        append(decimal: major)
        append(UInt8(ascii: ":"))
        append(decimal: minor)
        append(UInt8(ascii: "\""))
    }
}
