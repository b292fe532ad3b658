/* Creates, writes, renames and removes files in DIR for SECONDS, and prints how many rounds that were.
 *
 *   churn DIR SECONDS
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: churn DIR SECONDS\n");
        return 2;
    }
    char first[4096], second[4096];
    double end = now() + atof(arguments[2]);
    long rounds = 0;
    for (; now() < end; rounds++) {
        snprintf(first, sizeof first, "%s/churn-%d-%ld.tmp", arguments[1], getpid(), rounds);
        snprintf(second, sizeof second, "%s/churn-%d-%ld", arguments[1], getpid(), rounds);
        int fd = open(first, O_WRONLY | O_CREAT, 0666);
        if (fd < 0 || write(fd, "x\n", 2) != 2 || close(fd) || rename(first, second) || unlink(second)) {
            perror(first);
            return 1;
        }
    }
    printf("%ld\n", rounds);
    return 0;
}
