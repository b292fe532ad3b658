#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
// What every tester program needs: to give up loudly, to write everything, to tell the time.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/// Ends the program with status 1, naming the call that failed and its errno.
_Noreturn static inline void give_up(const char *call) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, call, strerror(errno));
    exit(1);
}

/// `result`, or the end of the program when it is negative.
static inline long must(long result, const char *call) {
    if (result < 0) give_up(call);
    return result;
}

/// Writes `text` as a whole.
static inline void write_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR) continue;
        must(written, "write");
        text += written;
        length -= (size_t)written;
    }
}

/// Nanoseconds of `clock`.
static inline uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    must(clock_gettime(clock, &now), "clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/// Sleeps until `deadline`, in nanoseconds of CLOCK_MONOTONIC.
static inline void sleep_until(uint64_t deadline) {
    struct timespec until = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) continue;
}

/// A decimal argument, or the end of the program.
static inline long number(const char *text) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno == 0 && (end == text || *end != 0)) errno = EINVAL;
    if (errno != 0) give_up(text);
    return value;
}
