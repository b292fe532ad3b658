#define _GNU_SOURCE 1
#include "cpackages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t cpackages_find(const void *bytes, size_t count, const void *needle, size_t length) {
    const void *found = memmem(bytes, count, needle, length);
    return found ? (size_t)((const char *)found - (const char *)bytes) : count;
}

size_t cpackages_last_newline(const void *bytes, size_t count) {
    const void *found = memrchr(bytes, '\n', count);
    return found ? (size_t)((const char *)found - (const char *)bytes) : count;
}

int cpackages_scratch_file(const char *directory) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/packages-XXXXXX", directory);
    int descriptor = length > 0 && (size_t)length < sizeof path ? mkostemp(path, O_CLOEXEC) : -1;
    if (descriptor >= 0)
        unlink(path);
    else
        descriptor = memfd_create("packages", MFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int cpackages_open(const char *path, int follows) {
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follows ? 0 : O_NOFOLLOW);
    int descriptor = open(path, flags | O_NOATIME);
    if (descriptor < 0 && errno == EPERM) descriptor = open(path, flags);
    return descriptor < 0 ? -errno : descriptor;
}
