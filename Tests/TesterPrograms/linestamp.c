// linestamp OUTPUT: copies standard input to OUTPUT and puts the CLOCK_MONOTONIC nanoseconds at which each
// line arrived, and a tab, before it. All lines of one read arrived together.
#include "tester.h"

#include <fcntl.h>
#include <sched.h>

static char input[1 << 20];
static char output[2 << 20];

/// Copies `length` bytes of input; `at_start` says whether they begin a line, and is left saying it.
static size_t stamp(size_t length, uint64_t now, int *at_start) {
    size_t used = 0;
    for (size_t index = 0; index < length; index++) {
        if (*at_start) used += (size_t)sprintf(output + used, "%llu\t", (unsigned long long)now);
        output[used++] = input[index];
        *at_start = input[index] == '\n';
    }
    return used;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: linestamp OUTPUT\n");
        return 2;
    }
    // So that what is measured is the sensor, not how soon this program gets a processor.
    struct sched_param priority = {.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0) perror("linestamp: sched_setscheduler");
    int file = (int)must(open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), argv[1]);
    int at_start = 1;
    for (;;) {
        // A line is at least twice as long as its stamp, so the output buffer suffices for any 64 KiB.
        ssize_t length = read(STDIN_FILENO, input, 1 << 16);
        if (length < 0 && errno == EINTR) continue;
        if (must(length, "read") == 0) return 0;
        write_all(file, output, stamp((size_t)length, now_ns(CLOCK_MONOTONIC), &at_start));
    }
}
