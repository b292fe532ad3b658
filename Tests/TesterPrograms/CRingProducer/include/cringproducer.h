#pragma once
// The other end of the ring under test: a thread that produces records as the reader loops do, in C because they
// are. Every record can be checked: its length, its contents and its header follow from its number.

#include <stdbool.h>
#include <stdint.h>

#include "cring.h"

#pragma clang assume_nonnull begin

struct cringproducer_plan {
    /// How many records to produce.
    uint64_t records;
    /// Payload bytes of ordinary records; at least 8. One in 1024 is up to `cring_longest`, when `with_giants`.
    uint32_t smallest;
    uint32_t largest;
    /// Records between two calls of `cring_wake`, at most.
    uint32_t batch;
    /// Turns of an empty loop after each batch, at most: gives the consumer time to fall asleep.
    uint32_t spin;
    bool with_giants;
    uint64_t seed;
};

struct cringproducer;

/// Starts the thread. NULL when the host refuses it. `ring` must outlive the thread.
struct cringproducer *_Nullable cringproducer_start(struct cring *ring, const struct cringproducer_plan *plan);

/// Waits for the thread's end and frees it. Returns how often it found no room.
uint64_t cringproducer_join(struct cringproducer *producer);

/// Whether `payload` and the header's fields are those of record `number` of a producer.
bool cringproducer_is_right(uint64_t number, const void *payload, uint64_t length, uint16_t kind, uint16_t flags,
                            uint64_t time_ns);

/// `eventfd(2)`, not blocking, or -errno.
int cringproducer_eventfd(void);

/// Waits up to `milliseconds` for the eventfd and empties it. Returns its count, 0 when time ran out.
uint64_t cringproducer_wait(int fd, int milliseconds);

#pragma clang assume_nonnull end
