package import EventModel

extension ByteWriter {
    /// The members of `vedette` that tell what a comparison with the baseline found: the changed attributes, before
    /// and after, the diff of the content, and of a change that no event told of the interval in which it happened.
    mutating func comparison(_ change: FileChange) {
        if let interval = change.interval {
            field("detected_by", literal: "scan")
            object("interval") { writer in
                writer.field("from", timestamp: interval.lowerBound)
                writer.field("to", timestamp: interval.upperBound)
            }
        }
        if change.isDigestDeferred { field("digest", literal: "deferred") }
        if let diff = change.contentDiff { object("diff") { $0.members(of: diff) } }
        guard let before = change.before, let after = change.after else { return }
        let differences = after.differences(from: before)
        object("before") { $0.attributes(differences, of: before) }
        object("after") { $0.attributes(differences, of: after) }
    }

    private mutating func members(of diff: UnifiedDiff) {
        field("unified", diff.text)
        field("added", UInt64(clamping: diff.added))
        field("removed", UInt64(clamping: diff.removed))
        field("truncated", diff.isTruncated)
    }

    private mutating func attributes(_ list: [FileAttribute], of attributes: FileAttributes) {
        for attribute in list { write(attribute, of: attributes) }
    }

    private mutating func write(_ attribute: FileAttribute, of file: FileAttributes) {
        switch attribute {
        case .type: field("type", file.type.rawValue)
        case .inode: field("inode", keyword: file.inode)
        case .mode:
            write(key: "mode")
            append(UInt8(ascii: "\""))
            append(permissions: file.mode)
            append(UInt8(ascii: "\""))
        case .owner: field("uid", keyword: UInt64(file.owner))
        case .group: field("gid", keyword: UInt64(file.group))
        case .size: field("size", file.size)
        case .modified: field("mtime", timestamp: file.modified)
        case .links: field("links", UInt64(file.links))
        case .linkTarget:
            if let target = file.linkTarget { field("target_path", target) }
            exactBytes("target_path_bytes", of: file.linkTarget)
        case .immutable: field("immutable", file.isImmutable)
        case .appendOnly: field("append_only", file.isAppendOnly)
        case .acl: field("acl", digest: file.acl)
        case .capabilities: field("capabilities", digest: file.capabilities)
        case .extended: field("xattr", digest: file.extended)
        case .sha256: if let digest = file.sha256 { field("sha256", digest.hexadecimal) }
        case .md5: field("md5", .md5, of: file)
        case .sha1: field("sha1", .sha1, of: file)
        case .sha512: field("sha512", .sha512, of: file)
        }
    }

    private mutating func field(_ key: StaticString, _ digest: DigestAlgorithm, of file: FileAttributes) {
        if let text = file.furtherDigests?.hexadecimal(of: digest) { field(key, text) }
    }

    /// The digests of a file's content, by their names in the common schema, which are those of the attributes.
    mutating func contentDigests(of file: FileAttributes) {
        attributes([.md5, .sha1, .sha256, .sha512], of: file)
    }

    /// A digest of attributes, which tells only whether they changed; empty where there are none.
    private mutating func field(_ key: StaticString, digest: UInt64) {
        field(key, digest == 0 ? "" : String(digest, radix: 16))
    }

    /// Writes everything that the baseline has of a file, as a whole object: what `vedette fim list --json` prints.
    ///
    /// - Parameter layer: the container layer that the file lies in, if any.
    package mutating func baselineRecord(
        path: ByteString, _ file: FileAttributes, seen: UInt64, layer: ContainerLayer? = nil
    ) {
        root { writer in
            writer.field("path", path)
            writer.exactBytes("path_bytes", of: path)
            let always: [FileAttribute] = [.type, .inode, .mode, .owner, .group, .size, .modified, .links]
            writer.attributes(always, of: file)
            writer.field("device", file.device)
            writer.field("generation", UInt64(file.generation))
            writer.field("ctime", timestamp: file.changed)
            if file.born != 0 { writer.field("created", timestamp: file.born) }
            writer.attributes([.linkTarget, .immutable, .appendOnly], of: file)
            if file.acl != 0 { writer.attributes([.acl], of: file) }
            if file.capabilities != 0 { writer.attributes([.capabilities], of: file) }
            if file.extended != 0 { writer.attributes([.extended], of: file) }
            writer.contentDigests(of: file)
            writer.field("seen", timestamp: seen)
            if let layer { writer.layer(layer) }
        }
    }
}
