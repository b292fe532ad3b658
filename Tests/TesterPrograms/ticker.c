// ticker DIR FILES RATE CHANGES LOG: changes existing files DIR/tick-0 ... in turn, RATE times a second,
// and writes to LOG, at the end, one line a change: the file's number, CLOCK_MONOTONIC nanoseconds just
// before open(2), and just after close(2).
#include "tester.h"

#include <fcntl.h>

struct change {
    long file;
    uint64_t begin;
    uint64_t end;
};

static struct change change_once(const char *directory, long file) {
    char path[4096];
    snprintf(path, sizeof path, "%s/tick-%ld", directory, file);
    struct change change = {.file = file, .begin = now_ns(CLOCK_MONOTONIC)};
    int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
    must(write(fd, "tick\n", 5), "write");
    must(close(fd), "close");
    change.end = now_ns(CLOCK_MONOTONIC);
    return change;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: ticker DIR FILES RATE CHANGES LOG\n");
        return 2;
    }
    long files = number(argv[2]), rate = number(argv[3]), count = number(argv[4]);
    struct change *changes = calloc((size_t)count, sizeof *changes);
    if (changes == NULL) give_up("calloc");
    uint64_t due = now_ns(CLOCK_MONOTONIC);
    for (long index = 0; index < count; index++) {
        sleep_until(due);
        due += 1000000000u / (uint64_t)rate;
        changes[index] = change_once(argv[1], index % files);
    }
    FILE *log = fopen(argv[5], "w");
    if (log == NULL) give_up(argv[5]);
    for (long index = 0; index < count; index++)
        fprintf(log, "%ld %llu %llu\n", changes[index].file, (unsigned long long)changes[index].begin,
                (unsigned long long)changes[index].end);
    must(fclose(log), "fclose");
    free(changes);
    return 0;
}
