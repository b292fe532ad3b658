#pragma once
// Sockets for the sensor's own clients: addresses with a path, and SO_PEERCRED, which Swift's Glibc module does not
// have. All descriptors are close-on-exec; those of a server do not block.
//
// Stands for sys/socket.h, sys/un.h and netinet/in.h.

#include <stddef.h>
#include <stdint.h>

/// The longest path of a socket.
enum { CSOCKET_PATH_MAX = 107 };

/// A stream socket that listens at `path` with permissions `mode`, from its first moment on. The descriptor, or
/// -errno (EADDRINUSE: something is there; ENAMETOOLONG).
int csocket_listen_at(const char *_Nonnull path, unsigned mode);
/// A TCP socket that listens at `port` of 127.0.0.1. The descriptor, or -errno.
int csocket_listen_on_loopback(uint16_t port);
/// The port of a TCP socket, 0 when it has none.
uint16_t csocket_port(int fd);
/// The next client, or -errno (EAGAIN: there is none).
int csocket_accept(int fd);
/// Who was at the other end of a UNIX socket when it connected (SO_PEERCRED). 0, or -errno.
int csocket_peer(int fd, uint32_t *_Nonnull uid, int32_t *_Nonnull pid);
/// A blocking stream socket connected to `path`, whose calls end after `timeout_s`. The descriptor, or -errno.
int csocket_connect(const char *_Nonnull path, int timeout_s);
/// Sends one datagram to `path`, of which a leading '@' stands for the abstract namespace. 0, or -errno.
int csocket_send_datagram(const char *_Nonnull path, const void *_Nonnull bytes, size_t count);
/// Sends without SIGPIPE and without waiting beyond what the socket's own settings say. The bytes taken, or -errno.
long csocket_send(int fd, const void *_Nonnull bytes, size_t count);
