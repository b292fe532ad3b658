#pragma once
// fanotify: the group, its marks, file handles, and the thread that reads it into a ring.
//
// Here because Swift cannot import the calls (variadic or GNU-only) and because the reader loop must not
// allocate. Stands for linux/fanotify.h, sys/fanotify.h, and fcntl.h's file handles.
#include <linux/fanotify.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

struct cring;

// Descriptors -------------------------------------------------------------------------------------

/// fanotify_init(2). The descriptor, or -errno.
int cfanotify_open(uint32_t flags, uint32_t event_flags);

/// fanotify_mark(2) on an absolute path. 0, or -errno.
int cfanotify_mark(int fd, uint32_t flags, uint64_t mask, const char *path);

/// `f_fsid` of the filesystem at `path`, as fanotify reports it. 0, or -errno.
int cfanotify_fsid(const char *path, uint64_t *fsid);
/// The same for an open descriptor.
int cfanotify_fsid_of(int fd, uint64_t *fsid);

/// Longest file handle that the kernel gives (MAX_HANDLE_SZ).
#define CFANOTIFY_HANDLE_MAX 128

/// name_to_handle_at(2). Writes at most CFANOTIFY_HANDLE_MAX bytes; `path` may be empty for `fd` itself.
/// `mount_id` is that of mountinfo. The handle's length, or -errno.
int cfanotify_handle_at(int fd, const char *path, int32_t *type, uint8_t *bytes, int32_t *mount_id);

/// open_by_handle_at(2) with O_PATH. The descriptor, or -errno (ESTALE: the object is gone).
int cfanotify_open_handle(int mount_fd, int32_t type, const uint8_t *bytes, uint32_t length);

/// Opens the parent of a directory with O_PATH (which Swift does not see). The descriptor, or -errno.
int cfanotify_open_parent(int fd);

// Reader ------------------------------------------------------------------------------------------

/// One read takes at most this much, so that few pidfds are open at a time.
#define CFANOTIFY_READ_MAX 16384

/// A CRECORD_FANOTIFY payload starts with this, and the events follow as the kernel wrote them, except that
/// - the `pidfd` of each `struct fanotify_event_info_pidfd` is replaced: CFANOTIFY_PID_ALIVE, FAN_NOPIDFD
///   (the process was reaped before the read) or FAN_EPIDFD (the kernel could not make one);
/// - events of our own process are left out;
/// - when more than `backlog_limit` events wait, all of them are thrown away and counted, and an event with
///   FAN_Q_OVERFLOW stands for them: an unlimited queue would take the host's memory.
struct cfanotify_batch {
    /// CLOCK_MONOTONIC: no event of this batch is older. The moment before the last read that emptied the queue
    /// or found it empty; 0 when there was none yet.
    uint64_t not_before_ns;
};
#define CFANOTIFY_PID_ALIVE 1

/// Opaque. Created, started, stopped and destroyed by one thread.
struct cfanotify_reader;

enum cfanotify_counter {
    CFANOTIFY_READS = 0,      ///< reads that returned events
    CFANOTIFY_EVENTS = 1,     ///< events committed
    CFANOTIFY_OWN = 2,        ///< events of our own process, left out
    CFANOTIFY_STALLS = 3,     ///< waits for room in the ring
    CFANOTIFY_SNAPSHOTS = 4,  ///< snapshots committed
    CFANOTIFY_SNAPSHOTS_MISSED = 5, ///< process gone, or no room for the snapshot
    CFANOTIFY_DISCARDED = 6,  ///< events thrown away because more waited than may
    CFANOTIFY_COUNTERS = 7,
};

/// The ring and the descriptors (group, /proc directory) stay the caller's and must outlive the reader.
/// NULL when memory or an eventfd is refused.
struct cfanotify_reader *_Nullable cfanotify_reader_create(struct cring *ring, int fd, int proc_fd,
                                                            uint32_t backlog_limit);
/// Starts the thread. 0, or -errno.
int cfanotify_reader_start(struct cfanotify_reader *reader);
/// Asks the thread to end and waits for it. Does nothing when it was not started.
void cfanotify_reader_stop(struct cfanotify_reader *reader);
void cfanotify_reader_destroy(struct cfanotify_reader *reader);
/// The reader loop itself; returns when stopped, or after CRECORD_FAILED. For callers with their own threads.
void cfanotify_run(struct cfanotify_reader *reader);
/// Any thread.
uint64_t cfanotify_reader_count(const struct cfanotify_reader *reader, enum cfanotify_counter counter);
/// Events that wait in the kernel's queue, at most INT32_MAX; it walks the whole of it to answer.
uint32_t cfanotify_backlog(int fd);
/// What cproc_raise_priority said; -1 before the thread ran.
int cfanotify_reader_priority(const struct cfanotify_reader *reader);

#pragma clang assume_nonnull end
