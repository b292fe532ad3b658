/* One io_uring with raw system calls, one operation at a time. For tester programs only. */
#pragma once

#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
    int fd;
    struct io_uring_params params;
    uint8_t *submissions;
    uint8_t *completions;
    struct io_uring_sqe *entries;
};

/* 0, or -errno. */
static inline int uring_open(struct uring *ring)
{
    memset(ring, 0, sizeof *ring);
    ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
    if (ring->fd < 0)
        return -errno;
    const struct io_uring_params *p = &ring->params;
    size_t submissions = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    size_t completions = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    int access = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;
    ring->submissions = mmap(NULL, submissions, access, flags, ring->fd, IORING_OFF_SQ_RING);
    ring->completions = mmap(NULL, completions, access, flags, ring->fd, IORING_OFF_CQ_RING);
    size_t entries = p->sq_entries * sizeof(struct io_uring_sqe);
    ring->entries = mmap(NULL, entries, access, flags, ring->fd, IORING_OFF_SQES);
    if (ring->submissions == MAP_FAILED || ring->completions == MAP_FAILED || ring->entries == MAP_FAILED)
        return -errno;
    return 0;
}

/* Submits `entry` and waits for it. Its result, or -errno. */
static inline int uring_run(struct uring *ring, const struct io_uring_sqe *entry)
{
    const struct io_uring_params *p = &ring->params;
    _Atomic uint32_t *tail = (void *)(ring->submissions + p->sq_off.tail);
    uint32_t mask = *(uint32_t *)(ring->submissions + p->sq_off.ring_mask);
    uint32_t *array = (void *)(ring->submissions + p->sq_off.array);
    uint32_t at = atomic_load(tail);
    ring->entries[at & mask] = *entry;
    array[at & mask] = at & mask;
    atomic_store(tail, at + 1);
    if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
        return -errno;
    _Atomic uint32_t *head = (void *)(ring->completions + p->cq_off.head);
    uint32_t done = atomic_load(head);
    if (done == atomic_load((_Atomic uint32_t *)(ring->completions + p->cq_off.tail)))
        return -EIO;
    const struct io_uring_cqe *results = (void *)(ring->completions + p->cq_off.cqes);
    int result = results[done & *(uint32_t *)(ring->completions + p->cq_off.ring_mask)].res;
    atomic_store(head, done + 1);
    return result;
}
