#pragma once
// eventfd and signalfd, which Swift's Glibc module does not have, and the child that makes a canary, which may not
// run Swift.
//
// Stands for sys/eventfd.h, sys/signalfd.h, clone(2) and waitid(2).
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A non-blocking eventfd. The descriptor, or -errno.
int cwait_open_event(void);
/// Adds one to an eventfd: who waits for it is woken.
void cwait_signal_event(int fd);
/// Waits until an eventfd is not zero, `timeout_ms` at most (-1: for ever), and reads it back to zero. Whether it
/// was signalled.
int cwait_await_event(int fd, int timeout_ms);
/// Reads an eventfd back to zero.
void cwait_clear_event(int fd);

/// Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 in this thread and those it starts, ignores SIGPIPE, and opens a descriptor
/// that becomes readable when one of them arrives. The descriptor, or -errno.
int cwait_open_signals(void);
/// The number of the next signal, 0 when there is none.
int cwait_next_signal(int fd);

/// Starts a thread that nobody joins, with a stack of `stack_size` bytes. 0, or -errno.
int cwait_start_thread(
    unsigned long stack_size, void *_Nullable (*_Nonnull run)(void *_Nullable argument), void *_Nullable argument);

// Canary ------------------------------------------------------------------------------------------------

/// More places than this are left out.
#define CWAIT_CANARY_PLACES 32

/// In memory that parent and child share.
struct cwait_canary {
    /// For each place 0, or the positive errno with which the file was refused; -1 until it was tried.
    int32_t results[CWAIT_CANARY_PLACES];
};

/// NULL when memory is refused.
struct cwait_canary *_Nullable cwait_canary_create(void);
void cwait_canary_destroy(struct cwait_canary *canary);
/// Starts a child that opens a file without a name for writing in each directory of `paths` (zero-terminated, one
/// after the other, at most CWAIT_CANARY_PLACES), closes it, and ends. With `executes` it also tries to execute
/// nothing. Its pid, or -errno. The pid stays its own until cwait_canary_reap.
int cwait_canary_start(struct cwait_canary *canary, const char *paths, uint32_t count, int executes);
/// Whether the child has ended.
int cwait_canary_has_ended(int32_t pid);
/// Waits for the child, and gives its pid back. At once when it has ended.
void cwait_canary_reap(int32_t pid);

#pragma clang assume_nonnull end
