/* Writes one line to the file that its first argument names, and is gone. Static: the shortest life of a
 * program. Further arguments only vary what there is to report. */
#include <fcntl.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count < 2)
        return 2;
    int fd = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return 1;
    ssize_t written = write(fd, "x\n", 2);
    close(fd);
    _exit(written == 2 ? 0 : 1);
}
