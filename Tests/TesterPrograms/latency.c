/* Measures what a writer sees: opens, writes and closes a file every MILLISECONDS, until SIGTERM.
 * Then prints the number of rounds and their p50, p99 and maximum in microseconds.
 *
 *   latency FILE MILLISECONDS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { maximum_rounds = 10000000 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int ascending(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: latency FILE MILLISECONDS\n");
        return 2;
    }
    struct sigaction action = { .sa_handler = stop };
    sigaction(SIGTERM, &action, NULL);
    uint32_t *times = calloc(maximum_rounds, sizeof *times);
    if (!times)
        return 1;
    int pause = atoi(arguments[2]);
    const struct timespec interval = { .tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000L };
    size_t rounds = 0;
    for (; !stopped && rounds < maximum_rounds; rounds++) {
        uint64_t start = now();
        int fd = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (fd < 0 || write(fd, "x\n", 2) != 2 || close(fd)) {
            perror(arguments[1]);
            return 1;
        }
        uint64_t taken = (now() - start) / 1000;
        times[rounds] = taken > UINT32_MAX ? UINT32_MAX : (uint32_t)taken;
        nanosleep(&interval, NULL);
    }
    qsort(times, rounds, sizeof *times, ascending);
    if (rounds)
        printf("%zu %u %u %u\n", rounds, times[rounds / 2], times[rounds * 99 / 100], times[rounds - 1]);
    return rounds == 0;
}
