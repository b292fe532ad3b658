/* Changes a file in a way that no event source reports at the time.
 *   unreported mmap FILE     stores a byte into a shared mapping
 *   unreported aio FILE      writes a byte through asynchronous I/O (io_submit)
 * The file stays open for writing until the program ends; its size does not change. With a third argument it says "done"
 * and ends when its standard input does: closing the file is an event. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int store(int fd)
{
    char *bytes = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return 1;
    bytes[0] = '#';
    return msync(bytes, 1, MS_SYNC) != 0;
}

static int submit(int fd)
{
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 1, &context) != 0)
        return 1;
    struct iocb block = {
        .aio_lio_opcode = IOCB_CMD_PWRITE,
        .aio_fildes = (uint32_t)fd,
        .aio_buf = (uint64_t)(uintptr_t) "#",
        .aio_nbytes = 1,
    };
    struct iocb *blocks[] = {&block};
    struct io_event done;
    int failed = syscall(SYS_io_submit, context, 1, blocks) != 1
        || syscall(SYS_io_getevents, context, 1, 1, &done, NULL) != 1 || done.res != 1;
    syscall(SYS_io_destroy, context);
    return failed;
}

int main(int count, char **arguments)
{
    if (count != 3 && count != 4)
        return 2;
    int fd = open(arguments[2], O_RDWR);
    if (fd < 0) {
        perror(arguments[2]);
        return 1;
    }
    int failed = strcmp(arguments[1], "mmap") == 0 ? store(fd) : submit(fd);
    if (failed)
        perror(arguments[1]);
    if (count == 4 && !failed) {
        puts("done");
        fflush(stdout);
        while (getchar() != EOF)
            ;
    }
    return failed;
}
