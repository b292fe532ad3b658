#pragma once
// Extended attributes, which Swift's Glibc module does not have.
//
// Stands for sys/xattr.h.
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A digest of the names and values of all extended attributes of `path` (no link followed), whatever their order,
/// but for those whose name begins with `except`. Values beyond 64 KiB (XATTR_SIZE_MAX) do not exist. 0, or -errno;
/// a filesystem without attributes has the digest 0.
int cxattr_digest(const char *path, const char *except, uint64_t *digest);

#pragma clang assume_nonnull end
