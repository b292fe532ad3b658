// auditflood DIR COUNT RATE: calls open(2) COUNT times in a way that fails (O_EXCL on an existing file), so
// that audit rules on DIR make records while no file changes. RATE a second; 0: as fast as it can.
#include "tester.h"

#include <fcntl.h>

/// Calls between two looks at the clock: sleeping for each would make the flood a drizzle.
#define BURST 64

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: auditflood DIR COUNT RATE\n");
        return 2;
    }
    long count = number(argv[2]), rate = number(argv[3]);
    char path[4096];
    snprintf(path, sizeof path, "%s/flooded", argv[1]);
    must(close((int)must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), path)), "close");
    uint64_t due = now_ns(CLOCK_MONOTONIC);
    for (long index = 0; index < count; index++) {
        if (rate > 0 && index % BURST == 0) {
            sleep_until(due);
            due += BURST * 1000000000ull / (uint64_t)rate;
        }
        if (open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) >= 0 || errno != EEXIST) give_up(path);
    }
    return 0;
}
