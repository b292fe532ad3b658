#define _GNU_SOURCE 1
#include "cwait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int cwait_open_event(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

void cwait_signal_event(int fd) {
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written; // EAGAIN means that it is signalled already.
}

int cwait_await_event(int fd, int timeout_ms) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, timeout_ms) <= 0) return 0;
    cwait_clear_event(fd);
    return 1;
}

void cwait_clear_event(int fd) {
    uint64_t value;
    ssize_t got = read(fd, &value, sizeof value);
    (void)got; // EAGAIN means that it is zero already.
}

int cwait_open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

int cwait_next_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int cwait_start_thread(unsigned long stack_size, void *(*run)(void *argument), void *argument) {
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return -failed;
    pthread_t thread;
    failed = pthread_attr_setstacksize(&attributes, stack_size);
    if (!failed) failed = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (!failed) failed = pthread_create(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return -failed;
}

// Canary ------------------------------------------------------------------------------------------------

struct cwait_canary *cwait_canary_create(void) {
    void *memory = mmap(NULL, sizeof(struct cwait_canary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void cwait_canary_destroy(struct cwait_canary *canary) { munmap(canary, sizeof *canary); }

/// The child: other threads of the parent may hold any lock, so only system calls are made.
static void make_canary(struct cwait_canary *canary, const char *paths, uint32_t count, int executes) {
    // Should it hang in a filesystem, it must not keep the locks and groups that are the parent's. Linux 5.9.
    if (syscall(SYS_close_range, 0, ~0U, 0) != 0) {
        for (int fd = 0; fd < 1024; fd++) syscall(SYS_close, fd);
    }
    const int flags = O_TMPFILE | O_WRONLY | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    for (uint32_t i = 0; i < count; i++, paths += strlen(paths) + 1) {
        long fd = syscall(SYS_openat, AT_FDCWD, paths, flags, 0);
        canary->results[i] = fd >= 0 ? 0 : errno;
        if (fd >= 0) syscall(SYS_close, fd);
    }
    char *const nothing[] = {NULL};
    if (executes) syscall(SYS_execve, "", nothing, nothing);
}

int cwait_canary_start(struct cwait_canary *canary, const char *paths, uint32_t count, int executes) {
    if (count > CWAIT_CANARY_PLACES) count = CWAIT_CANARY_PLACES;
    for (uint32_t i = 0; i < count; i++) canary->results[i] = -1;
    // Not fork(3): it takes locks and runs handlers.
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) return -errno;
    if (pid > 0) return (int)pid;
    make_canary(canary, paths, count, executes);
    for (;;) syscall(SYS_exit_group, 0);
}

int cwait_canary_has_ended(int32_t pid) {
    siginfo_t info = {.si_pid = 0};
    // ECHILD: somebody else took it.
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

void cwait_canary_reap(int32_t pid) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}
