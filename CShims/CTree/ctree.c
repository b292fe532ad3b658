#define _GNU_SOURCE 1
#include "ctree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { LIST_MAX = 65536, VALUE_MAX = 65536 };

_Static_assert(offsetof(struct dirent64, d_reclen) == 16, "linux_dirent64");
_Static_assert(offsetof(struct dirent64, d_type) == 18, "linux_dirent64");
_Static_assert(offsetof(struct dirent64, d_name) == 19, "linux_dirent64");

/// O_NOATIME is for the owner and for root only.
static int open_quietly(int directory, const char *path, int flags) {
    int descriptor = openat(directory, path, flags | O_NOATIME);
    if (descriptor < 0 && errno == EPERM) descriptor = openat(directory, path, flags);
    return descriptor < 0 ? -errno : descriptor;
}

int ctree_open_directory(const char *path) {
    return open_quietly(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int ctree_open_file(int directory, const char *name) {
    return open_quietly(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int ctree_list(int directory, void *buffer, unsigned size) {
    long got = syscall(SYS_getdents64, directory, buffer, size);
    return got < 0 ? -errno : (int)got;
}

static uint64_t nanoseconds(struct statx_timestamp time) {
    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

int ctree_status(int directory, const char *name, struct ctree_status *status) {
    struct statx found;
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(directory, name, flags, STATX_BASIC_STATS | STATX_BTIME, &found) != 0) return -errno;
    *status = (struct ctree_status){
        .device = makedev(found.stx_dev_major, found.stx_dev_minor),
        .inode = found.stx_ino,
        .size = found.stx_size,
        .modified = nanoseconds(found.stx_mtime),
        .changed = nanoseconds(found.stx_ctime),
        .born = found.stx_mask & STATX_BTIME ? nanoseconds(found.stx_btime) : 0,
        .mode = found.stx_mode,
        .owner = found.stx_uid,
        .group = found.stx_gid,
        .links = found.stx_nlink,
        .flags = (found.stx_attributes & STATX_ATTR_IMMUTABLE ? CTREE_IMMUTABLE : 0)
            | (found.stx_attributes & STATX_ATTR_APPEND ? CTREE_APPEND : 0),
    };
    return 0;
}

int ctree_is_mount_root(int directory, const char *name) {
    struct statx found;
    if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &found) != 0) return -errno;
    return found.stx_attributes & found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT ? 1 : 0;
}

uint32_t ctree_filesystem(const char *path) {
    struct statfs found;
    return statfs(path, &found) == 0 ? (uint32_t)found.f_type : 0;
}

uint32_t ctree_generation(int descriptor) {
    // Declared as a long, written as an int.
    unsigned generation[2] = {0};
    return ioctl(descriptor, FS_IOC_GETVERSION, generation) == 0 ? generation[0] : 0;
}

/// FNV-1a.
static uint64_t hash(uint64_t value, const void *bytes, size_t length) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < length; i++) value = (value ^ byte[i]) * 1099511628211u;
    return value;
}

static bool starts_with(const char *name, const char *prefix) { return strncmp(name, prefix, strlen(prefix)) == 0; }

/// Which of the digests an attribute belongs to; NULL for overlayfs's own.
static uint64_t *digest_of(struct ctree_extended *extended, const char *name) {
    if (starts_with(name, "system.posix_acl_")) return &extended->acl;
    if (strcmp(name, "security.capability") == 0) return &extended->capabilities;
    if (starts_with(name, "trusted.overlay.") || starts_with(name, "user.overlay.")) return NULL;
    return &extended->others;
}

/// A file: by its path, or by its descriptor.
struct place {
    const char *_Nullable path;
    int descriptor;
};

static ssize_t list_names(struct place place, char *_Nullable names, size_t size) {
    return place.path ? llistxattr(place.path, names, size) : flistxattr(place.descriptor, names, size);
}

static ssize_t get_value(struct place place, const char *name, void *value, size_t size) {
    return place.path ? lgetxattr(place.path, name, value, size) : fgetxattr(place.descriptor, name, value, size);
}

static int read_extended(struct place place, struct ctree_extended *extended) {
    *extended = (struct ctree_extended){0};
    ssize_t needed = list_names(place, NULL, 0);
    if (needed <= 0) return needed == 0 || errno == EOPNOTSUPP ? 0 : -errno;
    char *names = malloc(LIST_MAX + VALUE_MAX);
    if (names == NULL) return -ENOMEM;
    char *value = names + LIST_MAX;
    ssize_t length = list_names(place, names, LIST_MAX);
    int result = length < 0 ? -errno : 0;
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        const char *name = names + at;
        uint64_t *digest = digest_of(extended, name);
        if (digest == NULL) continue;
        ssize_t got = get_value(place, name, value, VALUE_MAX);
        uint64_t one = hash(14695981039346656037u, name, strlen(name) + 1);
        // A sum does not depend on the order.
        *digest += hash(one, value, got > 0 ? (size_t)got : 0);
    }
    free(names);
    return result;
}

int ctree_extended(int descriptor, struct ctree_extended *extended) {
    return read_extended((struct place){.descriptor = descriptor}, extended);
}

int ctree_extended_at(const char *path, struct ctree_extended *extended) {
    return read_extended((struct place){.path = path}, extended);
}

int ctree_link_target(int directory, const char *name, char *buffer, unsigned size) {
    ssize_t length = readlinkat(directory, name, buffer, size);
    return length < 0 ? -errno : (int)length;
}

/// The path of what is open. Its length, or -errno.
static int path_of(int descriptor, char *buffer, unsigned size) {
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(name, buffer, size);
    if (length < 0) return -errno;
    return (size_t)length < size ? (int)length : -ENAMETOOLONG;
}

int ctree_resolve(const char *root, const char *path, char *buffer, unsigned size) {
    int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) return -errno;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    long found = syscall(SYS_openat2, top, path, &how, sizeof how);
    int result = found < 0 ? -errno : path_of((int)found, buffer, size);
    close(top);
    if (found >= 0) close((int)found);
    return result;
}
