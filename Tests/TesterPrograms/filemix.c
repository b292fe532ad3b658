// filemix MODE DIR ROUNDS RATE: makes file events in DIR, RATE rounds a second (0: as fast as it can).
//   all      each round creates a file, writes it, renames it and deletes it
//   modify   each round writes one of 64 existing files
#include "tester.h"

#include <fcntl.h>

static void write_file(const char *path, int flags) {
    int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC | flags, 0644), path);
    must(write(fd, "churn\n", 6), "write");
    must(close(fd), "close");
}

static void round_of_all(const char *directory, long round) {
    char first[4096], second[4096];
    snprintf(first, sizeof first, "%s/churn-%ld", directory, round);
    snprintf(second, sizeof second, "%s/moved-%ld", directory, round);
    write_file(first, O_CREAT);
    must(rename(first, second), "rename");
    must(unlink(second), "unlink");
}

static void round_of_modify(const char *directory, long round) {
    char path[4096];
    snprintf(path, sizeof path, "%s/kept-%ld", directory, round % 64);
    write_file(path, O_CREAT | O_TRUNC);
}

int main(int argc, char **argv) {
    if (argc != 5 || (strcmp(argv[1], "all") != 0 && strcmp(argv[1], "modify") != 0)) {
        fprintf(stderr, "usage: filemix all|modify DIR ROUNDS RATE\n");
        return 2;
    }
    void (*one_round)(const char *, long) = argv[1][0] == 'a' ? round_of_all : round_of_modify;
    long rounds = number(argv[3]), rate = number(argv[4]);
    uint64_t due = now_ns(CLOCK_MONOTONIC);
    for (long round = 0; round < rounds; round++) {
        if (rate > 0) {
            sleep_until(due);
            due += 1000000000u / (uint64_t)rate;
        }
        one_round(argv[2], round);
    }
    return 0;
}
