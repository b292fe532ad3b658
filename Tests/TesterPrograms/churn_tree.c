// churn_tree DIR SECONDS RATE SEED [unlinked]: random changes in a tree of its own below DIR, RATE a second (0: as fast as
// it can): files are made, written, cut, renamed also over others, linked (unless "unlinked"), given other modes and
// removed, and so are directories. Prints how many changes that were, and leaves what is there at the end.
#include "tester.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { DIRECTORIES = 8, FILES = 100 };

static char home[2048];
static uint64_t state;
static int links;

static unsigned random_below(unsigned limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % limit;
}

// What another of our own steps has removed or made meanwhile is no trouble.
static int done(int result) {
    if (result < 0 && errno != ENOENT && errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) must(-1, "change");
    return result >= 0;
}

static void directory_name(char *path) { snprintf(path, 4096, "%s/d%u", home, random_below(DIRECTORIES)); }

static void file_name(char *path) {
    snprintf(path, 4096, "%s/d%u/f%u", home, random_below(DIRECTORIES), random_below(FILES));
}

static int write_some(const char *path, int flags) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    if (!done(fd)) return 0;
    char text[64];
    int size = snprintf(text, sizeof text, "%llu\n", (unsigned long long)state);
    must(write(fd, text, (size_t)(1 + random_below((unsigned)size))), "write");
    must(close(fd), "close");
    return 1;
}

static int change(void) {
    char one[4096], other[4096];
    file_name(one);
    file_name(other);
    switch (random_below(16)) {
        case 0: case 1: case 2: case 3: return write_some(one, O_TRUNC);
        case 4: case 5: return write_some(one, O_APPEND);
        case 6: case 7: case 8: return done(unlink(one));
        case 9: case 10: case 11: return done(rename(one, other));
        case 12: return done(chmod(one, random_below(2) ? 0600 : 0644));
        case 13: return done(links ? link(one, other) : rename(one, other));
        case 14: {
            directory_name(one);
            return done(mkdir(one, 0755));
        }
        default: {
            directory_name(one);
            directory_name(other);
            return done(random_below(8) ? rmdir(one) : rename(one, other));
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 5 && (argc != 6 || strcmp(argv[5], "unlinked"))) {
        fprintf(stderr, "usage: churn_tree DIR SECONDS RATE SEED [unlinked]\n");
        return 2;
    }
    links = argc == 5;
    state = (uint64_t)number(argv[4]);
    snprintf(home, sizeof home, "%s/churn-%s", argv[1], argv[4]);
    done(mkdir(home, 0755));
    long rate = number(argv[3]), changes = 0;
    uint64_t due = now_ns(CLOCK_MONOTONIC), end = due + (uint64_t)number(argv[2]) * 1000000000u;
    while (now_ns(CLOCK_MONOTONIC) < end) {
        if (rate > 0) {
            sleep_until(due);
            due += 1000000000u / (uint64_t)rate;
        }
        changes += change();
    }
    printf("%ld\n", changes);
    return 0;
}
