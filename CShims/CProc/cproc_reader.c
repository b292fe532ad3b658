#define _GNU_SOURCE 1
#include "cproc.h"

#include "cring.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/// The longest audit record (MAX_AUDIT_MESSAGE_LENGTH 8970) with its header; all others are shorter.
#define DATAGRAM_MAX 9216
#define STACK_SIZE (128 * 1024)
/// So many records within so short a time are a flood.
#define FLOOD_RECORDS 4
#define FLOOD_WINDOW_NS 4000000u
#define FLOOD_PAUSE_NS 2000000
/// Audit's records are taken so many at a time, each into room of its own in the ring, and moved together there.
#define BATCH 16
#define BATCH_ROOM DATAGRAM_MAX
#define RECORD_MAX (BATCH_ROOM - sizeof(struct cring_record))

_Static_assert(sizeof(struct cn_msg) == 20, "the connector's header");
_Static_assert(offsetof(struct proc_event, event_data) == 16, "what, cpu, time");
_Static_assert(offsetof(struct proc_event, event_data.fork.child_tgid) == 28, "fork");

/// Processors whose events are counted; those of others are taken as they come.
#define PROCESSORS_MAX 1024

/// The kernel numbers the process events of each processor.
struct sequence {
    uint32_t next;
    bool known;
};

struct cproc_reader {
    struct cring *ring;
    int fd, proc_fd, stop_fd;
    enum cproc_record_kind kind;
    /// Records since the queue was last found empty, and when that was.
    uint32_t since_empty;
    uint64_t empty_at_ns;
    bool started;
    pthread_t thread;
    char name[16];
    _Atomic bool stopping;
    _Atomic int priority;
    _Atomic uint64_t counters[CPROC_COUNTERS];
    struct sequence sequences[PROCESSORS_MAX];
    struct mmsghdr messages[BATCH];
    struct iovec vectors[BATCH];
    struct sockaddr_nl senders[BATCH];
};

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/// Reader thread only, so that no locked instruction is needed.
static void count(struct cproc_reader *reader, enum cproc_counter counter) {
    uint64_t value = atomic_load_explicit(&reader->counters[counter], memory_order_relaxed);
    atomic_store_explicit(&reader->counters[counter], value + 1, memory_order_relaxed);
}

struct cproc_reader *cproc_reader_create(struct cring *ring, int fd, int proc_fd,
                                         enum cproc_record_kind kind) {
    struct cproc_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    *reader = (struct cproc_reader){.ring = ring, .fd = fd, .proc_fd = proc_fd, .kind = kind};
    atomic_init(&reader->priority, -1);
    reader->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reader->stop_fd >= 0) return reader;
    free(reader);
    return NULL;
}

void cproc_reader_destroy(struct cproc_reader *reader) {
    cproc_reader_stop(reader);
    close(reader->stop_fd);
    free(reader);
}

uint64_t cproc_reader_count(const struct cproc_reader *reader, enum cproc_counter counter) {
    return atomic_load_explicit(&reader->counters[counter], memory_order_relaxed);
}

int cproc_reader_priority(const struct cproc_reader *reader) {
    return atomic_load_explicit(&reader->priority, memory_order_relaxed);
}

static void pause_for(struct cproc_reader *reader, long ns) {
    struct pollfd stop = {.fd = reader->stop_fd, .events = POLLIN};
    ppoll(&stop, 1, &(struct timespec){.tv_nsec = ns}, NULL);
}

static void pause_briefly(struct cproc_reader *reader) { pause_for(reader, 500000); }

static bool is_stopping(struct cproc_reader *reader) {
    return atomic_load_explicit(&reader->stopping, memory_order_relaxed);
}

/// Room in the ring, waited for. NULL when asked to stop.
static void *wait_for_room(struct cproc_reader *reader, uint32_t length) {
    void *room;
    while ((room = cring_reserve(reader->ring, length)) == NULL) {
        if (is_stopping(reader)) return NULL;
        count(reader, CPROC_STALLS);
        cring_wake(reader->ring);
        pause_briefly(reader);
    }
    return room;
}

static void take_snapshot(struct cproc_reader *reader, int32_t pid, enum cproc_reason reason) {
    // A fork asks for two numbers, an exec for everything.
    uint32_t capacity = reason == CREASON_FORK ? 256 : CPROC_SNAPSHOT_MAX, length = 0;
    void *room = cring_reserve(reader->ring, capacity);
    if (room == NULL || cproc_snapshot(reader->proc_fd, pid, reason, room, capacity, &length) != 0) {
        count(reader, CPROC_SNAPSHOTS_MISSED);
        return;
    }
    cring_commit(reader->ring, length, CRECORD_SNAPSHOT, reason, monotonic_ns());
    count(reader, CPROC_SNAPSHOTS);
}

/// What a connector datagram asks of us.
struct event_view {
    bool is_thread_only;
    /// Events of the same processor that the kernel could not send before this one: it had no memory to spare.
    int32_t missing;
    int32_t snapshot_pid;
    enum cproc_reason reason;
};

static int32_t count_missing(struct cproc_reader *reader, const struct cn_msg *message,
                             const struct proc_event *event) {
    // An acknowledgement has a number of another kind.
    if (event->what == PROC_EVENT_NONE || event->cpu >= PROCESSORS_MAX) return 0;
    struct sequence *sequence = &reader->sequences[event->cpu];
    int32_t missing = sequence->known ? (int32_t)(message->seq - sequence->next) : 0;
    *sequence = (struct sequence){.next = message->seq + 1, .known = true};
    return missing > 0 ? missing : 0;
}

static struct event_view look_at(struct cproc_reader *reader, const uint8_t *bytes, size_t length) {
    struct event_view view = {0};
    struct proc_event event;
    const size_t at = NLMSG_HDRLEN + sizeof(struct cn_msg);
    if (length < at + offsetof(struct proc_event, event_data) + 16) return view;
    struct cn_msg message;
    memcpy(&message, bytes + NLMSG_HDRLEN, sizeof message);
    memset(&event, 0, sizeof event);
    memcpy(&event, bytes + at, length - at < sizeof event ? length - at : sizeof event);
    view.missing = count_missing(reader, &message, &event);
    switch (event.what) {
    case PROC_EVENT_FORK:
        view.is_thread_only = event.event_data.fork.child_pid != event.event_data.fork.child_tgid;
        view.snapshot_pid = event.event_data.fork.parent_tgid;
        view.reason = CREASON_FORK;
        break;
    case PROC_EVENT_EXEC:
        view.snapshot_pid = event.event_data.exec.process_tgid;
        view.reason = CREASON_EXEC;
        break;
    case PROC_EVENT_EXIT:
        view.is_thread_only = event.event_data.exit.process_pid != event.event_data.exit.process_tgid;
        break;
    default: break;
    }
    return view;
}

static void tell(struct cproc_reader *reader, enum cproc_record_kind kind, int32_t number) {
    void *room = wait_for_room(reader, sizeof number);
    if (room == NULL) return;
    memcpy(room, &number, sizeof number);
    cring_commit(reader->ring, sizeof number, kind, 0, monotonic_ns());
    cring_wake(reader->ring);
}

static void handle(struct cproc_reader *reader, const uint8_t *bytes, uint32_t length, uint64_t now) {
    struct event_view view = {0};
    if (reader->proc_fd >= 0) view = look_at(reader, bytes, length);
    if (!view.is_thread_only) {
        cring_commit(reader->ring, length, (uint16_t)reader->kind, 0, now);
        count(reader, CPROC_READS);
        if (view.snapshot_pid > 0) take_snapshot(reader, view.snapshot_pid, view.reason);
        cring_wake(reader->ring);
    }
    if (view.missing > 0) tell(reader, CRECORD_OVERRUN, view.missing);
}

/// Whether records come so fast that a short sleep costs less than a wake-up for each. Only audit's may wait: what
/// the others tell is asked for while a process is still there.
static bool is_flood(struct cproc_reader *reader, uint64_t now_ns) {
    bool flood = reader->kind == CRECORD_AUDIT && reader->since_empty >= FLOOD_RECORDS
                 && now_ns - reader->empty_at_ns < FLOOD_WINDOW_NS;
    reader->since_empty = 0;
    reader->empty_at_ns = now_ns;
    return flood;
}

static void park(struct cproc_reader *reader) {
    struct pollfd waits[2] = {{.fd = reader->fd, .events = POLLIN}, {.fd = reader->stop_fd, .events = POLLIN}};
    cring_set_parked(reader->ring, true);
    poll(waits, 2, -1);
    cring_set_parked(reader->ring, false);
}

/// What to do about a receive that failed. `false` ends the loop.
static bool handle_error(struct cproc_reader *reader, int error, uint64_t before_ns) {
    switch (error) {
    case EAGAIN:
        cring_set_drained(reader->ring, before_ns);
        if (is_flood(reader, monotonic_ns())) pause_for(reader, FLOOD_PAUSE_NS);
        else park(reader);
        return true;
    case EINTR:
        return true;
    case ENOBUFS:
        count(reader, CPROC_OVERRUNS);
        // The gap in the numbers is the same loss.
        memset(reader->sequences, 0, sizeof reader->sequences);
        tell(reader, CRECORD_OVERRUN, 0);
        return true;
    default:
        tell(reader, CRECORD_FAILED, error);
        return false;
    }
}

/// Takes what audit has, many records with one call. `false` ends the loop.
static bool read_batch(struct cproc_reader *reader) {
    uint8_t *room = wait_for_room(reader, BATCH * BATCH_ROOM - sizeof(struct cring_record));
    if (room == NULL) return false;
    for (int i = 0; i < BATCH; i++) {
        reader->vectors[i] = (struct iovec){.iov_base = room + i * BATCH_ROOM, .iov_len = RECORD_MAX};
        reader->messages[i].msg_hdr =
            (struct msghdr){.msg_name = &reader->senders[i], .msg_namelen = sizeof reader->senders[i],
                            .msg_iov = &reader->vectors[i], .msg_iovlen = 1};
    }
    uint64_t before_ns = monotonic_ns();
    int got = recvmmsg(reader->fd, reader->messages, BATCH, MSG_DONTWAIT, NULL);
    if (got < 0) return handle_error(reader, errno, before_ns);
    uint64_t now_ns = monotonic_ns();
    for (int i = 0; i < got; i++) {
        if (reader->senders[i].nl_pid != 0) {
            count(reader, CPROC_FORGED);
            continue;
        }
        // No record is longer than its room, so each place is at or before where its payload lies.
        cring_place(reader->ring, reader->vectors[i].iov_base, reader->messages[i].msg_len, CRECORD_AUDIT, 0, now_ns);
        count(reader, CPROC_READS);
    }
    cring_publish(reader->ring);
    cring_wake(reader->ring);
    reader->since_empty += (uint32_t)got;
    return got == BATCH || handle_error(reader, EAGAIN, before_ns);
}

static void run(struct cproc_reader *reader) {
    atomic_store_explicit(&reader->priority, cproc_raise_priority(), memory_order_relaxed);
    while (!is_stopping(reader)) {
        if (reader->kind == CRECORD_AUDIT) {
            if (!read_batch(reader)) return;
            continue;
        }
        uint8_t *room = wait_for_room(reader, DATAGRAM_MAX);
        if (room == NULL) return;
        uint64_t before_ns = monotonic_ns();
        struct sockaddr_nl sender = {0};
        socklen_t sender_length = sizeof sender;
        ssize_t got = recvfrom(reader->fd, room, DATAGRAM_MAX, MSG_DONTWAIT, (struct sockaddr *)&sender,
                               &sender_length);
        if (got < 0) {
            if (!handle_error(reader, errno, before_ns)) return;
        } else if (sender.nl_pid != 0) {
            count(reader, CPROC_FORGED);
        } else {
            handle(reader, room, (uint32_t)got, monotonic_ns());
        }
    }
}

static void *reader_main(void *argument) {
    struct cproc_reader *reader = argument;
    pthread_setname_np(pthread_self(), reader->name);
    run(reader);
    return NULL;
}

int cproc_reader_start(struct cproc_reader *reader, const char *name) {
    if (reader->started) return -EALREADY;
    strncpy(reader->name, name, sizeof reader->name - 1);
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return -failed;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    failed = pthread_create(&reader->thread, &attributes, reader_main, reader);
    pthread_attr_destroy(&attributes);
    if (failed) return -failed;
    reader->started = true;
    return 0;
}

void cproc_reader_stop(struct cproc_reader *reader) {
    if (!reader->started) return;
    atomic_store_explicit(&reader->stopping, true, memory_order_relaxed);
    uint64_t one = 1;
    ssize_t written = write(reader->stop_fd, &one, sizeof one);
    (void)written; // EAGAIN means that it is readable already.
    pthread_join(reader->thread, NULL);
    reader->started = false;
}
