#define _GNU_SOURCE 1
#include "cxattr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define LIST_MAX 65536
#define VALUE_MAX_SIZE 65536

/// FNV-1a.
static uint64_t hash(uint64_t value, const void *bytes, size_t length) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < length; i++) value = (value ^ byte[i]) * 1099511628211u;
    return value;
}

int cxattr_digest(const char *path, const char *except, uint64_t *digest) {
    *digest = 0;
    ssize_t needed = llistxattr(path, NULL, 0);
    if (needed <= 0) return needed == 0 || errno == EOPNOTSUPP ? 0 : -errno;
    char *names = malloc(LIST_MAX + VALUE_MAX_SIZE);
    if (names == NULL) return -ENOMEM;
    char *value = names + LIST_MAX;
    ssize_t length = llistxattr(path, names, LIST_MAX);
    int result = length < 0 ? -errno : 0;
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        const char *name = names + at;
        if (strncmp(name, except, strlen(except)) == 0) continue;
        ssize_t got = lgetxattr(path, name, value, VALUE_MAX_SIZE);
        uint64_t one = hash(14695981039346656037u, name, strlen(name) + 1);
        // A sum does not depend on the order.
        *digest += hash(one, value, got > 0 ? (size_t)got : 0);
    }
    free(names);
    return result;
}
