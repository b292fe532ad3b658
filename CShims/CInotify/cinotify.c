#define _GNU_SOURCE 1
#include "cinotify.h"

#include "cproc.h"
#include "cring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct inotify_event) == 16, "event header");
_Static_assert(offsetof(struct inotify_event, mask) == 4, "event header");
_Static_assert(offsetof(struct inotify_event, cookie) == 8, "event header");
_Static_assert(offsetof(struct inotify_event, len) == 12, "event header");

#define STACK_SIZE (128 * 1024)

struct cinotify_reader {
    struct cring *ring;
    int fd, stop_fd;
    bool started;
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic uint64_t counters[CINOTIFY_COUNTERS];
};

int cinotify_open(void) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

int cinotify_add(int fd, const char *path, uint32_t mask) {
    int watch = inotify_add_watch(fd, path, mask);
    return watch >= 0 ? watch : -errno;
}

int cinotify_remove(int fd, int32_t watch) {
    return inotify_rm_watch(fd, watch) == 0 ? 0 : -errno;
}

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct cinotify_reader *cinotify_reader_create(struct cring *ring, int fd) {
    struct cinotify_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->ring = ring;
    reader->fd = fd;
    reader->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reader->stop_fd >= 0) return reader;
    free(reader);
    return NULL;
}

void cinotify_reader_destroy(struct cinotify_reader *reader) {
    cinotify_reader_stop(reader);
    close(reader->stop_fd);
    free(reader);
}

/// Sleeps about half a millisecond, or until the stop.
static void pause_briefly(struct cinotify_reader *reader) {
    struct pollfd stop = {.fd = reader->stop_fd, .events = POLLIN};
    struct timespec half = {.tv_nsec = 500000};
    ppoll(&stop, 1, &half, NULL);
}

/// Waits for events or the stop.
static void park(struct cinotify_reader *reader) {
    struct pollfd waits[2] = {{.fd = reader->fd, .events = POLLIN},
                              {.fd = reader->stop_fd, .events = POLLIN}};
    cring_set_parked(reader->ring, true);
    poll(waits, 2, -1);
    cring_set_parked(reader->ring, false);
}

static void *reader_main(void *argument) {
    struct cinotify_reader *reader = argument;
    cproc_raise_priority();
    while (!atomic_load_explicit(&reader->stopping, memory_order_relaxed)) {
        void *payload = cring_reserve(reader->ring, CINOTIFY_READ_MAX);
        if (payload == NULL) {
            atomic_fetch_add_explicit(&reader->counters[CINOTIFY_STALLS], 1, memory_order_relaxed);
            cring_wake(reader->ring);
            pause_briefly(reader);
            continue;
        }
        uint64_t before_ns = monotonic_ns();
        ssize_t got = read(reader->fd, payload, CINOTIFY_READ_MAX);
        if (got > 0) {
            cring_commit(reader->ring, (uint32_t)got, CRECORD_INOTIFY, 0, monotonic_ns());
            atomic_fetch_add_explicit(&reader->counters[CINOTIFY_READS], 1, memory_order_relaxed);
            cring_wake(reader->ring);
        } else if (got == 0 || errno == EAGAIN) {
            cring_set_drained(reader->ring, before_ns);
            park(reader);
        } else if (errno == ENOMEM) {
            pause_briefly(reader);
        } else if (errno != EINTR) {
            int32_t error = errno;
            memcpy(payload, &error, sizeof error);
            cring_commit(reader->ring, sizeof error, CRECORD_FAILED, 0, monotonic_ns());
            cring_wake(reader->ring);
            break;
        }
    }
    return NULL;
}

int cinotify_reader_start(struct cinotify_reader *reader) {
    if (reader->started) return -EALREADY;
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return -failed;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    failed = pthread_create(&reader->thread, &attributes, reader_main, reader);
    pthread_attr_destroy(&attributes);
    if (failed) return -failed;
    reader->started = true;
    pthread_setname_np(reader->thread, "inotify");
    return 0;
}

void cinotify_reader_stop(struct cinotify_reader *reader) {
    if (!reader->started) return;
    atomic_store_explicit(&reader->stopping, true, memory_order_relaxed);
    uint64_t one = 1;
    ssize_t written = write(reader->stop_fd, &one, sizeof one);
    (void)written; // EAGAIN means that it is readable already.
    pthread_join(reader->thread, NULL);
    reader->started = false;
}

uint64_t cinotify_reader_count(const struct cinotify_reader *reader, enum cinotify_counter counter) {
    return atomic_load_explicit(&reader->counters[counter], memory_order_relaxed);
}
