#define _GNU_SOURCE 1
#include "cfanotify.h"

#include "cproc.h"
#include "cring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct fanotify_event_metadata) == 24, "event header");
_Static_assert(offsetof(struct fanotify_event_metadata, metadata_len) == 6, "event header");
_Static_assert(offsetof(struct fanotify_event_metadata, mask) == 8, "event header");
_Static_assert(offsetof(struct fanotify_event_metadata, pid) == 20, "event header");
_Static_assert(sizeof(struct fanotify_event_info_header) == 4, "info header");
_Static_assert(offsetof(struct fanotify_event_info_header, len) == 2, "info header");
_Static_assert(sizeof(struct fanotify_event_info_pidfd) == 8, "pidfd record");
_Static_assert(offsetof(struct fanotify_event_info_pidfd, pidfd) == 4, "pidfd record");
_Static_assert(sizeof(struct fanotify_event_info_fid) == 12, "handle record");
_Static_assert(sizeof(struct fanotify_event_info_error) == 12, "error record");
_Static_assert(sizeof(struct file_handle) == 8, "handle");
_Static_assert(sizeof(struct cfanotify_batch) == 8, "batch");
_Static_assert(sizeof(__kernel_fsid_t) == 8, "fsid");

int cfanotify_open(uint32_t flags, uint32_t event_flags) {
    int fd = fanotify_init(flags, event_flags);
    return fd >= 0 ? fd : -errno;
}

int cfanotify_mark(int fd, uint32_t flags, uint64_t mask, const char *path) {
    return fanotify_mark(fd, flags, mask, AT_FDCWD, path) == 0 ? 0 : -errno;
}

int cfanotify_fsid(const char *path, uint64_t *fsid) {
    struct statfs status;
    if (statfs(path, &status) != 0) return -errno;
    memcpy(fsid, &status.f_fsid, sizeof *fsid);
    return 0;
}

int cfanotify_fsid_of(int fd, uint64_t *fsid) {
    struct statfs status;
    if (fstatfs(fd, &status) != 0) return -errno;
    memcpy(fsid, &status.f_fsid, sizeof *fsid);
    return 0;
}

uint32_t cfanotify_backlog(int fd) {
    int bytes = 0;
    if (ioctl(fd, FIONREAD, &bytes) != 0) return 0;
    // The kernel counts the headers only.
    return (uint32_t)(bytes / (int)sizeof(struct fanotify_event_metadata));
}

union handle_room {
    struct file_handle handle;
    uint8_t bytes[sizeof(struct file_handle) + CFANOTIFY_HANDLE_MAX];
};

int cfanotify_handle_at(int fd, const char *path, int32_t *type, uint8_t *bytes, int32_t *mount_id) {
    union handle_room room = {.handle = {.handle_bytes = CFANOTIFY_HANDLE_MAX}};
    if (name_to_handle_at(fd, path, &room.handle, mount_id, path[0] == 0 ? AT_EMPTY_PATH : 0) != 0) {
        return -errno;
    }
    *type = room.handle.handle_type;
    memcpy(bytes, room.bytes + sizeof(struct file_handle), room.handle.handle_bytes);
    return (int)room.handle.handle_bytes;
}

int cfanotify_open_handle(int mount_fd, int32_t type, const uint8_t *bytes, uint32_t length) {
    if (length > CFANOTIFY_HANDLE_MAX) return -EOVERFLOW;
    union handle_room room = {.handle = {.handle_bytes = length, .handle_type = type}};
    memcpy(room.bytes + sizeof(struct file_handle), bytes, length);
    int fd = open_by_handle_at(mount_fd, &room.handle, O_PATH | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int cfanotify_open_parent(int fd) {
    int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return parent >= 0 ? parent : -errno;
}

// Reader ------------------------------------------------------------------------------------------

/// An event with a pidfd is at least its header and the pidfd record.
#define PIDFDS_MAX (CFANOTIFY_READ_MAX / (sizeof(struct fanotify_event_metadata) + \
                                          sizeof(struct fanotify_event_info_pidfd)))
/// Direct-mapped by the low bits of the pid.
#define RECENT_SIZE 1024
/// Batches closer than this are a flood.
#define FLOOD_NS 1000000
/// A process is looked at again after this, in case that it changed without an event.
#define RECENT_MS 1000
#define SNAPSHOT_MAX 24576
/// Between two looks at the length of the kernel's queue: it walks the whole of it to answer.
#define BACKLOG_CHECK_NS 1000000000u
/// More than the longest event: two names of 255 bytes, three handles of 128, headers and a pidfd.
#define EVENT_MAX 2048
#define STACK_SIZE (128 * 1024)

struct recent { int32_t pid; uint32_t time_ms; };
struct candidate { int32_t pid; int fd; };

struct cfanotify_reader {
    struct cring *ring;
    int fd, proc_fd, stop_fd;
    int32_t own_pid;
    uint32_t backlog_limit;
    bool started;
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic int priority;
    _Atomic uint64_t counters[CFANOTIFY_COUNTERS];
    // The reader thread's own.
    uint64_t not_before_ns;
    uint64_t last_batch_ns;
    uint64_t backlog_checked_ns;
    bool saw_new_process;
    /// Events were thrown away, and the consumer does not know yet.
    bool has_discarded;
    uint32_t pidfd_count, candidate_count;
    int pidfds[PIDFDS_MAX];
    struct candidate candidates[PIDFDS_MAX];
    struct recent recent[RECENT_SIZE];
};

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void count(struct cfanotify_reader *reader, enum cfanotify_counter counter, uint64_t by) {
    atomic_fetch_add_explicit(&reader->counters[counter], by, memory_order_relaxed);
}

struct cfanotify_reader *cfanotify_reader_create(struct cring *ring, int fd, int proc_fd, uint32_t backlog_limit) {
    struct cfanotify_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->ring = ring;
    reader->backlog_limit = backlog_limit;
    reader->fd = fd;
    reader->proc_fd = proc_fd;
    reader->own_pid = getpid();
    // Nothing is marked yet, so nothing has happened.
    reader->not_before_ns = monotonic_ns();
    atomic_init(&reader->priority, -1);
    reader->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reader->stop_fd >= 0) return reader;
    free(reader);
    return NULL;
}

void cfanotify_reader_destroy(struct cfanotify_reader *reader) {
    cfanotify_reader_stop(reader);
    close(reader->stop_fd);
    free(reader);
}

static void *reader_main(void *argument) {
    cfanotify_run(argument);
    return NULL;
}

int cfanotify_reader_start(struct cfanotify_reader *reader) {
    if (reader->started) return -EALREADY;
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return -failed;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    failed = pthread_create(&reader->thread, &attributes, reader_main, reader);
    pthread_attr_destroy(&attributes);
    if (failed) return -failed;
    reader->started = true;
    pthread_setname_np(reader->thread, "fanotify");
    return 0;
}

void cfanotify_reader_stop(struct cfanotify_reader *reader) {
    if (!reader->started) return;
    atomic_store_explicit(&reader->stopping, true, memory_order_relaxed);
    uint64_t one = 1;
    ssize_t written = write(reader->stop_fd, &one, sizeof one);
    (void)written; // EAGAIN means that it is readable already.
    pthread_join(reader->thread, NULL);
    reader->started = false;
}

uint64_t cfanotify_reader_count(const struct cfanotify_reader *reader, enum cfanotify_counter counter) {
    return atomic_load_explicit(&reader->counters[counter], memory_order_relaxed);
}

int cfanotify_reader_priority(const struct cfanotify_reader *reader) {
    return atomic_load_explicit(&reader->priority, memory_order_relaxed);
}

/// Sleeps about half a millisecond, or until the stop.
static void pause_briefly(struct cfanotify_reader *reader) {
    struct pollfd stop = {.fd = reader->stop_fd, .events = POLLIN};
    struct timespec half = {.tv_nsec = 500000};
    ppoll(&stop, 1, &half, NULL);
}

/// Takes the pidfd out of the event at `event`, and leaves what it says about the process.
/// The descriptor, FAN_NOPIDFD, or FAN_EPIDFD (also when the event has none).
static int take_pidfd(uint8_t *event, const struct fanotify_event_metadata *header) {
    uint32_t at = header->metadata_len;
    while (at + sizeof(struct fanotify_event_info_header) <= header->event_len) {
        struct fanotify_event_info_header info;
        memcpy(&info, event + at, sizeof info);
        if (info.len < sizeof info || info.len > header->event_len - at) return FAN_EPIDFD;
        if (info.info_type == FAN_EVENT_INFO_TYPE_PIDFD &&
            info.len >= sizeof(struct fanotify_event_info_pidfd)) {
            int32_t fd, state;
            uint8_t *field = event + at + offsetof(struct fanotify_event_info_pidfd, pidfd);
            memcpy(&fd, field, sizeof fd);
            state = fd >= 0 ? CFANOTIFY_PID_ALIVE : fd;
            memcpy(field, &state, sizeof state);
            return fd;
        }
        at += info.len;
    }
    return FAN_EPIDFD;
}

/// Notes that `pid` deserves a snapshot, unless it had one lately.
static void consider(struct cfanotify_reader *reader, const struct fanotify_event_metadata *header, int fd,
                     uint32_t now_ms) {
    struct recent *recent = &reader->recent[(uint32_t)header->pid % RECENT_SIZE];
    // exec changes what /proc says, and is not over yet when its open is reported: look at the next event.
    if (header->mask & FAN_OPEN_EXEC) {
        if (recent->pid == header->pid) recent->pid = 0;
        reader->saw_new_process = true;
        return;
    }
    if (header->pid <= 0 || fd == FAN_NOPIDFD || reader->candidate_count == PIDFDS_MAX) return;
    if (recent->pid == header->pid && now_ms - recent->time_ms < RECENT_MS) return;
    *recent = (struct recent){.pid = header->pid, .time_ms = now_ms};
    reader->saw_new_process = true;
    reader->candidates[reader->candidate_count++] = (struct candidate){.pid = header->pid, .fd = fd};
}

/// Makes the batch ready for the ring: pidfds out, own events out. The bytes that remain.
static uint32_t prepare(struct cfanotify_reader *reader, uint8_t *bytes, uint32_t length, uint64_t now_ns) {
    uint32_t from = 0, to = 0, own = 0, kept = 0;
    while (length - from >= sizeof(struct fanotify_event_metadata)) {
        struct fanotify_event_metadata header;
        memcpy(&header, bytes + from, sizeof header);
        if (header.event_len < sizeof header || header.event_len > length - from) break;
        int fd = take_pidfd(bytes + from, &header);
        if (fd >= 0 && reader->pidfd_count < PIDFDS_MAX) reader->pidfds[reader->pidfd_count++] = fd;
        if (header.pid == reader->own_pid && !(header.mask & FAN_Q_OVERFLOW)) {
            own++;
        } else {
            consider(reader, &header, fd, (uint32_t)(now_ns / 1000000));
            if (to != from) memmove(bytes + to, bytes + from, header.event_len);
            to += header.event_len;
            kept++;
        }
        from += header.event_len;
    }
    count(reader, CFANOTIFY_OWN, own);
    count(reader, CFANOTIFY_EVENTS, kept);
    return to;
}

/// Takes the snapshots that the batch asked for while its pidfds are open, then closes those.
static void take_snapshots(struct cfanotify_reader *reader) {
    for (uint32_t i = 0; i < reader->candidate_count; i++) {
        const struct candidate *candidate = &reader->candidates[i];
        // Not worth waiting for room: by then the process is gone.
        void *room = cring_reserve(reader->ring, SNAPSHOT_MAX);
        uint32_t length = 0;
        if (room == NULL ||
            cproc_snapshot(reader->proc_fd, candidate->pid, 1, room, SNAPSHOT_MAX, &length) != 0) {
            count(reader, CFANOTIFY_SNAPSHOTS_MISSED, 1);
            continue;
        }
        // The pid cannot have been reused before this answers 0: the pidfd still has it.
        bool verified = candidate->fd >= 0 &&
                        syscall(SYS_pidfd_send_signal, candidate->fd, 0, NULL, 0) == 0;
        if (candidate->fd >= 0 && !verified) {
            count(reader, CFANOTIFY_SNAPSHOTS_MISSED, 1);
            continue;
        }
        cring_commit(reader->ring, length, CRECORD_SNAPSHOT, 1 | (verified ? CSNAPSHOT_VERIFIED : 0),
                     monotonic_ns());
        count(reader, CFANOTIFY_SNAPSHOTS, 1);
    }
    reader->candidate_count = 0;
    for (uint32_t i = 0; i < reader->pidfd_count; i++) close(reader->pidfds[i]);
    reader->pidfd_count = 0;
}

/// Waits for events or the stop. The queue was found empty after `before_ns`.
static void park(struct cfanotify_reader *reader, uint64_t before_ns) {
    reader->not_before_ns = before_ns;
    cring_set_drained(reader->ring, before_ns);
    struct pollfd waits[2] = {{.fd = reader->fd, .events = POLLIN},
                              {.fd = reader->stop_fd, .events = POLLIN}};
    cring_set_parked(reader->ring, true);
    poll(waits, 2, -1);
    cring_set_parked(reader->ring, false);
}

/// In a flood of events by processes that are known already, being woken for each costs more than anything else:
/// waits a little for the next ones. `false` when there is reason to be quick.
static bool linger(struct cfanotify_reader *reader, uint64_t now_ns) {
    bool is_flood = now_ns - reader->last_batch_ns < FLOOD_NS && !reader->saw_new_process;
    reader->last_batch_ns = now_ns;
    reader->saw_new_process = false;
    if (is_flood) pause_briefly(reader);
    return is_flood;
}

/// Whether more waits in the kernel's queue than may. One second of lag comes before the first look.
static bool is_backlog_too_long(struct cfanotify_reader *reader, uint64_t now_ns) {
    if (now_ns - reader->not_before_ns < BACKLOG_CHECK_NS) return false;
    if (now_ns - reader->backlog_checked_ns < BACKLOG_CHECK_NS) return false;
    reader->backlog_checked_ns = now_ns;
    return cfanotify_backlog(reader->fd) > reader->backlog_limit;
}

/// Throws away what waits, up to a read that did not fill the buffer.
static void discard_backlog(struct cfanotify_reader *reader) {
    uint8_t bytes[CFANOTIFY_READ_MAX] __attribute__((aligned(8)));
    ssize_t got;
    do {
        got = read(reader->fd, bytes, sizeof bytes);
        const struct fanotify_event_metadata *event = (const void *)bytes;
        for (ssize_t left = got; left > 0 && FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
            int fd = take_pidfd((uint8_t *)event, event);
            if (fd >= 0) close(fd);
            count(reader, CFANOTIFY_DISCARDED, 1);
        }
    } while (got > CFANOTIFY_READ_MAX - EVENT_MAX
             && !atomic_load_explicit(&reader->stopping, memory_order_relaxed));
    reader->has_discarded = true;
}

/// Writes an overflow event into `payload`, which was reserved, in the place of what was thrown away.
static void tell_discarded(struct cfanotify_reader *reader, uint8_t *payload) {
    struct cfanotify_batch batch = {.not_before_ns = reader->not_before_ns};
    struct fanotify_event_metadata overflow = {
        .event_len = sizeof overflow, .vers = FANOTIFY_METADATA_VERSION, .metadata_len = sizeof overflow,
        .mask = FAN_Q_OVERFLOW, .fd = FAN_NOFD};
    memcpy(payload, &batch, sizeof batch);
    memcpy(payload + sizeof batch, &overflow, sizeof overflow);
    cring_commit(reader->ring, sizeof batch + sizeof overflow, CRECORD_FANOTIFY, 0, monotonic_ns());
    cring_wake(reader->ring);
    reader->has_discarded = false;
}

/// Tells the consumer that the stream ended, waiting for room if it must.
static void fail(struct cfanotify_reader *reader, int32_t error) {
    void *room;
    while ((room = cring_reserve(reader->ring, sizeof error)) == NULL) {
        if (atomic_load_explicit(&reader->stopping, memory_order_relaxed)) return;
        pause_briefly(reader);
    }
    memcpy(room, &error, sizeof error);
    cring_commit(reader->ring, sizeof error, CRECORD_FAILED, 0, monotonic_ns());
    cring_wake(reader->ring);
}

/// What to do about a read that returned nothing. `false` ends the loop.
static bool handle_read_error(struct cfanotify_reader *reader, int error, uint64_t before_ns) {
    switch (error) {
    case EAGAIN:
        park(reader, before_ns);
        return true;
    case EINTR:
        return true;
    case EMFILE: case ENFILE: case ENOMEM:
        pause_briefly(reader);
        return true;
    default:
        fail(reader, error);
        return false;
    }
}

void cfanotify_run(struct cfanotify_reader *reader) {
    atomic_store_explicit(&reader->priority, cproc_raise_priority(), memory_order_relaxed);
    while (!atomic_load_explicit(&reader->stopping, memory_order_relaxed)) {
        uint64_t before_ns = monotonic_ns();
        if (is_backlog_too_long(reader, before_ns)) discard_backlog(reader);
        uint8_t *payload = cring_reserve(reader->ring, sizeof(struct cfanotify_batch) + CFANOTIFY_READ_MAX);
        if (payload != NULL && reader->has_discarded) {
            tell_discarded(reader, payload);
            continue;
        }
        if (payload == NULL) {
            count(reader, CFANOTIFY_STALLS, 1);
            cring_wake(reader->ring);
            pause_briefly(reader);
            continue;
        }
        uint8_t *events = payload + sizeof(struct cfanotify_batch);
        ssize_t got = read(reader->fd, events, CFANOTIFY_READ_MAX);
        if (got <= 0) {
            if (!handle_read_error(reader, got == 0 ? EAGAIN : errno, before_ns)) return;
            continue;
        }
        uint64_t now_ns = monotonic_ns();
        count(reader, CFANOTIFY_READS, 1);
        uint32_t kept = prepare(reader, events, (uint32_t)got, now_ns);
        if (kept > 0) {
            struct cfanotify_batch batch = {.not_before_ns = reader->not_before_ns};
            memcpy(payload, &batch, sizeof batch);
            cring_commit(reader->ring, (uint32_t)sizeof batch + kept, CRECORD_FANOTIFY, 0, now_ns);
        }
        take_snapshots(reader);
        if (kept > 0) cring_wake(reader->ring);
        // The kernel stops early only when nothing is left: no need to be told so by another read.
        if (got <= CFANOTIFY_READ_MAX - EVENT_MAX && !linger(reader, now_ns)) park(reader, before_ns);
    }
}
