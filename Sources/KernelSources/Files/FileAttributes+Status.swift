internal import CTree
internal import EventModel

extension FileAttributes {
    init(_ status: ctree_status) {
        self.init(
            type: FileType(mode: status.mode), device: status.device, inode: status.inode,
            mode: status.mode & 0o7777,
            owner: status.owner, group: status.group, size: status.size, modified: status.modified,
            changed: status.changed, born: status.born, links: status.links)
        isImmutable = status.flags & UInt32(CTREE_IMMUTABLE) != 0
        isAppendOnly = status.flags & UInt32(CTREE_APPEND) != 0
    }

    /// Takes over what `statx(2)` tells.
    mutating func takeStatus(_ now: FileAttributes) {
        let (digest, further) = (sha256, furtherDigests)
        self = now
        (sha256, furtherDigests) = (digest, further)
    }

    mutating func take(_ found: ctree_extended) {
        (acl, capabilities, extended) = (found.acl, found.capabilities, found.others)
    }
}
