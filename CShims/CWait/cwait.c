#define _GNU_SOURCE 1
#include "cwait.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
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
