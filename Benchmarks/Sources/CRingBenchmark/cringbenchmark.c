#define _GNU_SOURCE 1
#include "cringbenchmark.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t cbenchmark_now(void) { return read_clock(CLOCK_MONOTONIC); }
uint64_t cbenchmark_thread_time(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
int cbenchmark_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void cbenchmark_wait(int fd) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    uint64_t count;
    poll(&wait, 1, -1);
    if (read(fd, &count, sizeof count) < 0) return;
}

// The mutex queue ----------------------------------------------------------------------------------

struct cmutexring {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    bool sleeping;
    uint64_t head;
    uint64_t tail;
    uint64_t capacity;
    uint8_t *base;
};

struct cmutexring *cmutexring_create(uint64_t capacity) {
    struct cmutexring *queue = calloc(1, sizeof *queue);
    uint8_t *base = malloc(capacity);
    if (queue == NULL || base == NULL) {
        free(queue);
        free(base);
        return NULL;
    }
    *queue = (struct cmutexring){.capacity = capacity, .base = base};
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->filled, NULL);
    return queue;
}

void cmutexring_destroy(struct cmutexring *queue) {
    free(queue->base);
    free(queue);
}

/// Slots are of the size of their record, and records of one run are all equal, so none has to wrap.
static bool push(struct cmutexring *queue, const void *payload, uint32_t length, uint64_t time_ns) {
    uint64_t need = sizeof(struct cring_record) + ((length + 7u) & ~7u);
    uint64_t usable = queue->capacity / need * need;
    pthread_mutex_lock(&queue->mutex);
    bool fits = queue->head + need - queue->tail <= usable;
    if (fits) {
        uint8_t *at = queue->base + queue->head % usable;
        *(struct cring_record *)at = (struct cring_record){.length = length, .time_ns = time_ns};
        memcpy(at + sizeof(struct cring_record), payload, length);
        queue->head += need;
        if (queue->sleeping) pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->mutex);
    return fits;
}

int64_t cmutexring_pop(struct cmutexring *queue, void *payload, uint64_t *time_ns, bool blocking) {
    int64_t length = -1;
    pthread_mutex_lock(&queue->mutex);
    while (blocking && queue->head == queue->tail) {
        queue->sleeping = true;
        pthread_cond_wait(&queue->filled, &queue->mutex);
        queue->sleeping = false;
    }
    if (queue->head != queue->tail) {
        // The first slot tells the size of all.
        const struct cring_record *first = (const struct cring_record *)queue->base;
        uint64_t need = sizeof *first + ((first->length + 7u) & ~7u);
        const uint8_t *at = queue->base + queue->tail % (queue->capacity / need * need);
        const struct cring_record *record = (const struct cring_record *)at;
        length = record->length;
        *time_ns = record->time_ns;
        memcpy(payload, at + sizeof *record, record->length);
        queue->tail += need;
    }
    pthread_mutex_unlock(&queue->mutex);
    return length;
}

// The producer -------------------------------------------------------------------------------------

struct cproducer {
    pthread_t thread;
    struct cring *ring;
    struct cmutexring *queue;
    struct cproducer_plan plan;
};

static void fill_ring(struct cring *ring, const struct cproducer_plan *plan) {
    uint64_t due = cbenchmark_now();
    for (uint64_t number = 0; number < plan->records; number++) {
        uint64_t now = 0;
        if (plan->interval_ns > 0) {
            due += plan->interval_ns;
            while ((now = cbenchmark_now()) < due) {}
        }
        void *payload;
        while ((payload = cring_reserve(ring, plan->length)) == NULL) {
            cring_wake(ring);
            sched_yield();
        }
        memset(payload, (int)number, plan->length);
        cring_commit(ring, plan->length, 1, 0, now);
        if (number % plan->batch == plan->batch - 1) cring_wake(ring);
    }
    cring_wake(ring);
}

static void fill_queue(struct cmutexring *queue, const struct cproducer_plan *plan) {
    uint8_t payload[4096];
    uint64_t due = cbenchmark_now();
    for (uint64_t number = 0; number < plan->records; number++) {
        uint64_t now = 0;
        if (plan->interval_ns > 0) {
            due += plan->interval_ns;
            while ((now = cbenchmark_now()) < due) {}
        }
        memset(payload, (int)number, plan->length);
        while (!push(queue, payload, plan->length, now)) sched_yield();
    }
}

static void *produce(void *argument) {
    struct cproducer *producer = argument;
    if (producer->ring != NULL) fill_ring(producer->ring, &producer->plan);
    else fill_queue(producer->queue, &producer->plan);
    return NULL;
}

struct cproducer *cproducer_start(struct cring *ring, struct cmutexring *queue, const struct cproducer_plan *plan) {
    struct cproducer *producer = calloc(1, sizeof *producer);
    if (producer == NULL || plan->length > 4096) return NULL;
    *producer = (struct cproducer){.ring = ring, .queue = queue, .plan = *plan};
    if (pthread_create(&producer->thread, NULL, produce, producer) == 0) return producer;
    free(producer);
    return NULL;
}

void cproducer_join(struct cproducer *producer) {
    pthread_join(producer->thread, NULL);
    free(producer);
}
