#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
// What the bare readers share: an end by signal, and their own processor time.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int signal_number) {
    (void)signal_number;
    stopped = 1;
}

/// Lets SIGINT and SIGTERM interrupt a blocking read.
static inline void stop_on_signals(void) {
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/// `result`, or the end of the program when it is negative.
static inline long must(long result, const char *call) {
    if (result >= 0) return result;
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, call, strerror(errno));
    exit(1);
}

/// Microseconds of processor time, user and system, since the start.
static inline uint64_t processor_us(void) {
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage), "getrusage");
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}
