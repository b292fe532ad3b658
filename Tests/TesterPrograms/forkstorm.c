/* Forks COUNT times, as fast as it can: every second child runs PROGRAM, the others exit at once.
 *
 *   forkstorm COUNT PROGRAM
 *
 * Up to 32 children live at a time, so that births and deaths interleave. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { at_a_time = 32 };

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: forkstorm COUNT PROGRAM\n");
        return 2;
    }
    char *none[] = { arguments[2], NULL };
    int total = atoi(arguments[1]), running = 0, failures = 0, status;
    for (int i = 0; i < total; i++) {
        if (running == at_a_time && wait(&status) > 0) {
            running--;
            failures += status != 0;
        }
        pid_t pid = fork();
        if (pid < 0) {
            perror("fork");
            return 1;
        }
        if (pid == 0) {
            if (i % 2)
                execv(arguments[2], none);
            _exit(i % 2);
        }
        running++;
    }
    while (running > 0 && wait(&status) > 0) {
        running--;
        failures += status != 0;
    }
    return failures > 0;
}
