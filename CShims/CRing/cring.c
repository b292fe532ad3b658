#include "cring.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(offsetof(struct cring, tail) == 128, "the consumer's index has a pair of lines of its own");
_Static_assert(offsetof(struct cring, waiting) == 256, "the rarely written words have a pair of lines of their own");
_Static_assert(offsetof(struct cring, capacity) == 384, "what is never written has a pair of lines of its own");
_Static_assert(sizeof(struct cring) == 512, "no neighbour shares a line with the ring");

struct cring *cring_create(uint64_t capacity, int wake_fd) {
    if (capacity < 65536 || (capacity & (capacity - 1)) != 0) return NULL;
    void *ring_memory = NULL;
    if (posix_memalign(&ring_memory, 128, sizeof(struct cring)) != 0) return NULL;
    void *base = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        free(ring_memory);
        return NULL;
    }
    struct cring *ring = ring_memory;
    *ring = (struct cring){.wake_fd = wake_fd, .capacity = capacity, .base = base};
    return ring;
}

void cring_destroy(struct cring *ring) {
    munmap(ring->base, ring->capacity);
    free(ring);
}

void cring_wake(struct cring *ring) {
    // Pairs with the fence in cring_arm.
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring->waiting, memory_order_relaxed) == 0) return;
    if (atomic_exchange_explicit(&ring->waiting, 0, memory_order_relaxed) == 0) return;
    uint64_t one = 1;
    ssize_t written = write(ring->wake_fd, &one, sizeof one);
    (void)written; // EAGAIN means that the counter is full: the consumer is awake already.
}
