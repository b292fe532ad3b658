#pragma once
// What the ring's benchmark needs from C: producer threads as the reader loops are, and the queue that one
// would write without a ring: the same bytes under a mutex.

#include <stdbool.h>
#include <stdint.h>

#include "cring.h"

#pragma clang assume_nonnull begin

struct cmutexring;

struct cproducer_plan {
    uint64_t records;
    uint32_t length;
    /// Records between two wake-ups.
    uint32_t batch;
    /// Nanoseconds from one record to the next; 0 for as fast as it goes.
    uint64_t interval_ns;
};

struct cproducer;

/// Starts a thread that produces into `ring`, or else into `queue`. NULL when the host refuses it.
struct cproducer *_Nullable cproducer_start(struct cring *_Nullable ring, struct cmutexring *_Nullable queue,
                                            const struct cproducer_plan *plan);

/// Waits for the thread's end.
void cproducer_join(struct cproducer *producer);

/// A byte queue of `capacity` bytes with records like the ring's, guarded by a pthread mutex.
struct cmutexring *_Nullable cmutexring_create(uint64_t capacity);
void cmutexring_destroy(struct cmutexring *queue);

/// Copies the oldest record to `payload`; its length, or -1 when there is none. `blocking` waits on a condition.
int64_t cmutexring_pop(struct cmutexring *queue, void *payload, uint64_t *time_ns, bool blocking);

uint64_t cbenchmark_now(void);
/// Processor time of the calling thread, nanoseconds.
uint64_t cbenchmark_thread_time(void);
int cbenchmark_eventfd(void);
/// Waits for the eventfd without end and empties it.
void cbenchmark_wait(int fd);

#pragma clang assume_nonnull end
