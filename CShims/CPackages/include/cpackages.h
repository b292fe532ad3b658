/// Calls of glibc that Swift does not import, because they are extensions of GNU: `memmem(3)`, `memrchr(3)`,
/// `mkostemp(3)`, `memfd_create(2)` and `O_NOATIME`. No kernel structures.
#ifndef CPACKAGES_H
#define CPACKAGES_H

#include <stddef.h>

/// Where `needle` begins first; `count` when it is not there.
size_t cpackages_find(const void *_Nonnull bytes, size_t count, const void *_Nonnull needle, size_t length);

/// Where the last newline is; `count` when there is none.
size_t cpackages_last_newline(const void *_Nonnull bytes, size_t count);

/// A descriptor of a file without a name, in `directory`, or in memory when it cannot be there; or `-errno`.
int cpackages_scratch_file(const char *_Nonnull directory);

/// A descriptor for reading, that neither waits nor changes the time of access where it may not; or `-errno`.
/// The last part of `path` is followed when it is a symbolic link and `follows` is not 0.
int cpackages_open(const char *_Nonnull path, int follows);

#endif
