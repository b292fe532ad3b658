internal import EventModel

extension ByteWriter {
    /// The members of `file`.
    mutating func file(_ change: FileChange, _ context: ECSContext) {
        field("path", change.path)
        let name = change.path.lastComponent
        if !name.isEmpty { field("name", name) }
        field("directory", change.path.parent)
        if let suffix = name.fileExtension { field("extension", suffix) }
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
    }

    /// The members of `vedette.file`: what the common schema has no name for.
    mutating func ownFileFields(_ change: FileChange) {
        exactBytes("path_bytes", of: change.path)
        if let previous = change.previousPath { field("previous_path", previous) }
        exactBytes("previous_path_bytes", of: change.previousPath)
        if let inside = change.containerPath { field("container_path", inside) }
        exactBytes("container_path_bytes", of: change.containerPath)
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

extension ByteString {
    /// What stands after the last dot of a file's name; `nil` for none, for dot files and for a last dot.
    var fileExtension: ByteString? {
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot + 1 < bytes.count else {
            return nil
        }
        return ByteString(Array(bytes[(dot + 1)...]))
    }
}
