#pragma once
// The byte ring between one C reader thread and one Swift consumer.
//
// Here, and not in Swift, because the producers are C loops: they reserve room, let the kernel write
// into it, and commit what arrived. No other target may touch the fields below.

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// What stands before each payload. 16 bytes; the payload that follows is padded to 8.
struct cring_record {
    /// Payload bytes. `CRING_SKIP` sends the consumer back to the ring's start.
    uint32_t length;
    /// The producer's own record kind.
    uint16_t kind;
    /// The producer's own bits.
    uint16_t flags;
    /// CLOCK_MONOTONIC, nanoseconds, when the bytes were read.
    uint64_t time_ns;
};
_Static_assert(sizeof(struct cring_record) == 16, "records are addressed in multiples of 8");

#define CRING_SKIP UINT32_MAX

/// One producer, one consumer. `head` and `tail` count bytes since the beginning and never wrap in practice
/// (584 years at 1 GB/s), so that equal means empty and `capacity` apart means full.
///
/// Each side writes only its own lines. Two cache lines apart, because the processor fetches them in pairs.
struct cring {
    // Written by the producer. `seen_tail` and the two after it are read by it alone.
    _Atomic uint64_t head;
    uint64_t seen_tail;
    uint64_t reserved_at;
    uint64_t reserved_end;
    uint8_t producer_pad[96];
    // Written by the consumer.
    _Atomic uint64_t tail;
    uint8_t consumer_pad[120];
    // Written by both, rarely: once for each sleep or each wait for the descriptor.
    _Atomic uint32_t waiting;
    _Atomic uint32_t parked;
    _Atomic uint64_t drained_ns;
    uint8_t rare_pad[112];
    // Never written after `cring_create`.
    uint64_t capacity;
    uint8_t *base;
    int wake_fd;
    uint8_t fixed_pad[108];
};

/// Creates a ring of `capacity` bytes (a power of two, at least 64 KiB). `wake_fd` is an eventfd that the
/// producer writes when the consumer sleeps; it stays the caller's. NULL when memory is refused.
struct cring *_Nullable cring_create(uint64_t capacity, int wake_fd);

/// Frees the ring. Both sides must have stopped.
void cring_destroy(struct cring *ring);

// Producer side -------------------------------------------------------------------------------------

/// The longest payload. A record that does not fit before the end starts over at the beginning and leaves up to
/// its own size unused, so only half of the ring is sure to take it once the consumer has caught up.
static inline uint32_t cring_longest(const struct cring *ring) {
    uint64_t longest = ring->capacity / 2 - sizeof(struct cring_record);
    return longest < CRING_SKIP ? (uint32_t)longest : CRING_SKIP - 1;
}

/// Room for a record of up to `length` payload bytes, or NULL while the consumer has not freed enough.
///
/// Traps when `length` is above `cring_longest`: waiting for such room might never end. Another call before the
/// commit forgets the room of the first.
static inline void *_Nullable cring_reserve(struct cring *ring, uint32_t length) {
    if (length > cring_longest(ring)) __builtin_trap();
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t need = sizeof(struct cring_record) + (((uint64_t)length + 7) & ~(uint64_t)7);
    uint64_t offset = head & (ring->capacity - 1);
    uint64_t to_end = ring->capacity - offset;
    uint64_t total = need <= to_end ? need : to_end + need;
    if (head + total - ring->seen_tail > ring->capacity) {
        // Acquire pairs with the release in cring_release: the consumer is done with the bytes we reuse.
        ring->seen_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head + total - ring->seen_tail > ring->capacity) return NULL;
    }
    if (need > to_end) {
        // Not published yet: the consumer sees the marker only together with the record that follows it, and
        // a smaller record that is reserved next may still take its place. Offsets are multiples of 8, so its
        // four bytes fit even where a header does not.
        ((struct cring_record *)(ring->base + offset))->length = CRING_SKIP;
        head += to_end;
        offset = 0;
    }
    ring->reserved_at = head;
    ring->reserved_end = head + need;
    return ring->base + offset + sizeof(struct cring_record);
}

#ifdef CRING_BROKEN
// Only for the test that proves that the thread sanitizer would notice a missing release.
#define CRING_PUBLISH memory_order_relaxed
#else
#define CRING_PUBLISH memory_order_release
#endif

/// Publishes the bytes written at the last `cring_reserve`; `length` is at most what was reserved, else it traps.
///
/// Once for each reserve: a second commit would publish room that nobody reserved, and traps.
static inline void cring_commit(struct cring *ring, uint32_t length, uint16_t kind, uint16_t flags,
                                uint64_t time_ns) {
    uint64_t at = ring->reserved_at;
    uint64_t end = at + sizeof(struct cring_record) + (((uint64_t)length + 7) & ~(uint64_t)7);
    if (end > ring->reserved_end) __builtin_trap();
    struct cring_record *record = (struct cring_record *)(ring->base + (at & (ring->capacity - 1)));
    *record = (struct cring_record){.length = length, .kind = kind, .flags = flags, .time_ns = time_ns};
    ring->reserved_end = 0;
    // Release pairs with the acquire in cring_available: the record's bytes become visible before its end does.
    atomic_store_explicit(&ring->head, end, CRING_PUBLISH);
}

/// Places one of several records in the room of the last `cring_reserve`: moves its payload of `length` bytes there,
/// which lie in that room at the place or behind it. Publishes nothing; traps when the room is used up.
static inline void cring_place(struct cring *ring, const void *payload, uint32_t length, uint16_t kind,
                               uint16_t flags, uint64_t time_ns) {
    uint64_t at = ring->reserved_at;
    uint64_t end = at + sizeof(struct cring_record) + (((uint64_t)length + 7) & ~(uint64_t)7);
    if (end > ring->reserved_end) __builtin_trap();
    struct cring_record *record = (struct cring_record *)(ring->base + (at & (ring->capacity - 1)));
    memmove(record + 1, payload, length);
    *record = (struct cring_record){.length = length, .kind = kind, .flags = flags, .time_ns = time_ns};
    ring->reserved_at = end;
}

/// Publishes the records that were placed since the last `cring_reserve`.
static inline void cring_publish(struct cring *ring) {
    ring->reserved_end = 0;
    // Release pairs with the acquire in cring_available, as in cring_commit.
    atomic_store_explicit(&ring->head, ring->reserved_at, CRING_PUBLISH);
}

/// Writes the eventfd when the consumer announced that it sleeps.
///
/// Call after each batch of commits, and before waiting for anything: for the descriptor, and for room.
void cring_wake(struct cring *ring);

/// Whether the consumer has handed back everything that was committed. Producer's thread only.
static inline bool cring_is_drained(struct cring *ring) {
    // Acquire pairs with the release in cring_release.
    return atomic_load_explicit(&ring->tail, memory_order_acquire) ==
           atomic_load_explicit(&ring->head, memory_order_relaxed);
}

/// Says that the producer is about to wait for its descriptor (`true`), or is reading it (`false`).
static inline void cring_set_parked(struct cring *ring, bool parked) {
    // Release pairs with the acquire in cring_is_parked: records committed before parking are visible after it.
    atomic_store_explicit(&ring->parked, parked ? 1 : 0, memory_order_release);
}

/// Says that everything the kernel queued before `time_ns` has been committed.
static inline void cring_set_drained(struct cring *ring, uint64_t time_ns) {
    // Release pairs with the acquire in cring_drained: the records come before the claim about them.
    atomic_store_explicit(&ring->drained_ns, time_ns, memory_order_release);
}

// Consumer side -------------------------------------------------------------------------------------

/// Where the producer has published up to.
static inline uint64_t cring_available(struct cring *ring) {
    // Acquire pairs with the release in cring_commit.
    return atomic_load_explicit(&ring->head, memory_order_acquire);
}

/// Hands everything before `tail` back to the producer.
static inline void cring_release(struct cring *ring, uint64_t tail) {
    // Release pairs with the acquire in cring_reserve: our reads come before the bytes are written again.
    atomic_store_explicit(&ring->tail, tail, memory_order_release);
}

static inline const uint8_t *cring_base(struct cring *ring) { return ring->base; }
static inline uint64_t cring_capacity(struct cring *ring) { return ring->capacity; }

static inline bool cring_is_parked(struct cring *ring) {
    // Acquire pairs with the release in cring_set_parked.
    return atomic_load_explicit(&ring->parked, memory_order_acquire) != 0;
}

static inline uint64_t cring_drained(struct cring *ring) {
    // Acquire pairs with the release in cring_set_drained.
    return atomic_load_explicit(&ring->drained_ns, memory_order_acquire);
}

/// Announces that the consumer will sleep. `false`, and nothing announced, when records beyond `tail` are there.
static inline bool cring_arm(struct cring *ring, uint64_t tail) {
    atomic_store_explicit(&ring->waiting, 1, memory_order_relaxed);
    // Pairs with the fence in cring_wake. Of the two fences one is first: if ours, the producer sees `waiting`;
    // if the producer's, we see `head`. So no wake-up is lost; at worst there is one too many.
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring->head, memory_order_acquire) == tail) return true;
    atomic_store_explicit(&ring->waiting, 0, memory_order_relaxed);
    return false;
}

static inline void cring_disarm(struct cring *ring) {
    atomic_store_explicit(&ring->waiting, 0, memory_order_relaxed);
}

#pragma clang assume_nonnull end
