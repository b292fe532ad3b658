#pragma once
// What a scan asks of directories and files: a few calls for each of a million of them.
//
// Stands for linux/stat.h (statx), linux/fs.h (FS_IOC_GETVERSION), linux/magic.h, linux/openat2.h, sys/statfs.h,
// sys/xattr.h and getdents64(2), which Swift's Glibc module has only in part. But for `ctree_resolve`, nothing here
// follows a symbolic link in the last component.
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// The file's attributes that statx(2) knows. Times are nanoseconds since 1970.
struct ctree_status {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    uint64_t modified;
    uint64_t changed;
    /// 0: the filesystem does not keep it.
    uint64_t born;
    uint32_t mode;
    uint32_t owner;
    uint32_t group;
    uint32_t links;
    /// CTREE_IMMUTABLE and CTREE_APPEND.
    uint32_t flags;
};

enum {
    CTREE_IMMUTABLE = 1,
    CTREE_APPEND = 2,
};

/// Digests of extended attributes: 0 where there are none.
struct ctree_extended {
    /// Of POSIX access control lists.
    uint64_t acl;
    /// Of file capabilities.
    uint64_t capabilities;
    /// Of all others, but for overlayfs's own.
    uint64_t others;
};

/// Opens a directory for `ctree_list`. A descriptor, or -errno.
int ctree_open_directory(const char *path);

/// Opens a regular file of `directory` to be read, without touching its access time where that is allowed and without
/// waiting for anybody. A descriptor, or -errno.
int ctree_open_file(int directory, const char *name);

/// Some more entries of a directory, as `struct linux_dirent64`. Their size in bytes, 0 at the end, or -errno.
int ctree_list(int directory, void *buffer, unsigned size);

/// 0, or -errno. With an empty `name` that of `directory` itself, which may be any descriptor.
int ctree_status(int directory, const char *name, struct ctree_status *status);

/// Whether a filesystem is mounted at `name`: 1 or 0, 0 also before Linux 5.8, or -errno.
int ctree_is_mount_root(int directory, const char *name);

/// The magic number of the filesystem that holds `path` (linux/magic.h); 0 when it cannot be found out.
uint32_t ctree_filesystem(const char *path);

/// The inode's generation; 0 where the filesystem has none.
uint32_t ctree_generation(int descriptor);

/// Of what is open as `descriptor`. 0, or -errno; a filesystem without attributes has none.
int ctree_extended(int descriptor, struct ctree_extended *extended);

/// The same of `path`, for what cannot be opened.
int ctree_extended_at(const char *path, struct ctree_extended *extended);

/// The target of a symbolic link. Its length, or -errno.
int ctree_link_target(int directory, const char *name, char *buffer, unsigned size);

/// Writes the path, without symbolic links, of what `path` leads to when `root` stands for "/" (openat2(2) with
/// RESOLVE_IN_ROOT). Its length, or -errno: -ENOSYS before Linux 5.6, -EAGAIN when something was renamed meanwhile.
int ctree_resolve(const char *root, const char *path, char *buffer, unsigned size);

#pragma clang assume_nonnull end
