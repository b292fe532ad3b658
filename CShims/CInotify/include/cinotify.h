#pragma once
// inotify: descriptors, watches, and the thread that reads them into a ring.
//
// Here because Swift does not see sys/inotify.h, and because the reader loop must not allocate.
#include <stdint.h>
#include <sys/inotify.h>

#pragma clang assume_nonnull begin

struct cring;

/// inotify_init1(2), without blocking. The descriptor, or -errno.
int cinotify_open(void);
/// inotify_add_watch(2). The watch descriptor, or -errno (ENOSPC: fs.inotify.max_user_watches).
int cinotify_add(int fd, const char *path, uint32_t mask);
/// inotify_rm_watch(2). 0, or -errno.
int cinotify_remove(int fd, int32_t watch);

/// One read takes at most this much.
#define CINOTIFY_READ_MAX 16384

/// Opaque. Created, started, stopped and destroyed by one thread.
struct cinotify_reader;

enum cinotify_counter {
    CINOTIFY_READS = 0,  ///< reads that returned events
    CINOTIFY_STALLS = 1, ///< waits for room in the ring
    CINOTIFY_COUNTERS = 2,
};

/// Reads `fd` into CRECORD_INOTIFY records: the bytes of one read each, unchanged. The ring and the
/// descriptor stay the caller's and must outlive the reader. NULL when memory or an eventfd is refused.
struct cinotify_reader *_Nullable cinotify_reader_create(struct cring *ring, int fd);
/// Starts the thread. 0, or -errno.
int cinotify_reader_start(struct cinotify_reader *reader);
/// Asks the thread to end and waits for it. Does nothing when it was not started.
void cinotify_reader_stop(struct cinotify_reader *reader);
void cinotify_reader_destroy(struct cinotify_reader *reader);
/// Any thread.
uint64_t cinotify_reader_count(const struct cinotify_reader *reader, enum cinotify_counter counter);

#pragma clang assume_nonnull end
