#pragma once
// eventfd and signalfd, which Swift's Glibc module does not have.
//
// Stands for sys/eventfd.h and sys/signalfd.h.

/// A non-blocking eventfd. The descriptor, or -errno.
int cwait_open_event(void);
/// Adds one to an eventfd: who waits for it is woken.
void cwait_signal_event(int fd);
/// Waits until an eventfd is not zero, `timeout_ms` at most (-1: for ever), and reads it back to zero. Whether it
/// was signalled.
int cwait_await_event(int fd, int timeout_ms);
/// Reads an eventfd back to zero.
void cwait_clear_event(int fd);

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it starts, ignores SIGPIPE, and opens a descriptor
/// that becomes readable when one of the three arrives. The descriptor, or -errno.
int cwait_open_signals(void);
/// The number of the next signal, 0 when there is none.
int cwait_next_signal(int fd);

/// Starts a thread that nobody joins, with a stack of `stack_size` bytes. 0, or -errno.
int cwait_start_thread(unsigned long stack_size, void *(*run)(void *argument), void *argument);
