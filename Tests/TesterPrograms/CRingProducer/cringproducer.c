#define _GNU_SOURCE 1
#include "cringproducer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct cringproducer {
    pthread_t thread;
    struct cring *ring;
    struct cringproducer_plan plan;
    uint64_t random;
    uint64_t stalls;
};

/// splitmix64: a well mixed value for each number.
static uint64_t mix(uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static uint64_t next_random(struct cringproducer *producer) { return mix(producer->random++); }

static void fill(uint8_t *payload, uint32_t length, uint64_t number) {
    memcpy(payload, &number, sizeof number);
    uint64_t word = mix(number);
    uint32_t at = sizeof number;
    for (; at + 8 <= length; at += 8, word += at) memcpy(payload + at, &word, 8);
    for (; at < length; at++) payload[at] = (uint8_t)(word >> (at % 8 * 8));
}

bool cringproducer_is_right(uint64_t number, const void *bytes, uint64_t length, uint16_t kind, uint16_t flags,
                            uint64_t time_ns) {
    const uint8_t *payload = bytes;
    uint64_t word;
    if (length < sizeof number) return false;
    memcpy(&word, payload, sizeof word);
    if (word != number || kind != (uint16_t)number || time_ns != mix(number)) return false;
    if (flags != (uint16_t)(mix(length) >> 7)) return false;
    word = mix(number);
    uint64_t at = sizeof number;
    for (; at + 8 <= length; at += 8, word += at) {
        uint64_t found;
        memcpy(&found, payload + at, 8);
        if (found != word) return false;
    }
    for (; at < length; at++)
        if (payload[at] != (uint8_t)(word >> (at % 8 * 8))) return false;
    return true;
}

/// The length of a record, and how much more than that is reserved, as a reader does before it knows.
static uint32_t choose(struct cringproducer *producer, uint32_t *reserved) {
    const struct cringproducer_plan *plan = &producer->plan;
    uint64_t random = next_random(producer);
    uint32_t longest = cring_longest(producer->ring);
    if (plan->with_giants && random % 1024 == 0) {
        *reserved = longest;
        return 8 + (uint32_t)((random >> 10) % (longest - 7));
    }
    uint32_t length = plan->smallest + (uint32_t)((random >> 10) % (plan->largest - plan->smallest + 1));
    uint32_t more = (random >> 42) % 4 == 0 ? (uint32_t)((random >> 44) % 4096) : 0;
    *reserved = length + more <= longest ? length + more : longest;
    return length;
}

static void *produce(void *argument) {
    struct cringproducer *producer = argument;
    const struct cringproducer_plan *plan = &producer->plan;
    uint64_t in_batch = 0;
    for (uint64_t number = 0; number < plan->records; number++) {
        uint32_t reserved;
        uint32_t length = choose(producer, &reserved);
        void *payload;
        while ((payload = cring_reserve(producer->ring, reserved)) == NULL) {
            producer->stalls++;
            cring_wake(producer->ring);
            sched_yield();
        }
        fill(payload, length, number);
        cring_commit(producer->ring, length, (uint16_t)number, (uint16_t)(mix(length) >> 7), mix(number));
        if (++in_batch < 1 + number % plan->batch) continue;
        in_batch = 0;
        cring_wake(producer->ring);
        if (plan->spin == 0) continue;
        for (volatile uint64_t turns = next_random(producer) % plan->spin; turns > 0; turns--) {}
    }
    cring_wake(producer->ring);
    return NULL;
}

struct cringproducer *cringproducer_start(struct cring *ring, const struct cringproducer_plan *plan) {
    struct cringproducer *producer = calloc(1, sizeof *producer);
    if (producer == NULL) return NULL;
    *producer = (struct cringproducer){.ring = ring, .plan = *plan, .random = plan->seed};
    if (pthread_create(&producer->thread, NULL, produce, producer) != 0) {
        free(producer);
        return NULL;
    }
    return producer;
}

uint64_t cringproducer_join(struct cringproducer *producer) {
    pthread_join(producer->thread, NULL);
    uint64_t stalls = producer->stalls;
    free(producer);
    return stalls;
}

int cringproducer_eventfd(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

uint64_t cringproducer_wait(int fd, int milliseconds) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (poll(&wait, 1, milliseconds) < 0 && errno == EINTR) {}
    uint64_t count = 0;
    return read(fd, &count, sizeof count) == sizeof count ? count : 0;
}
