#define _GNU_SOURCE 1
#include "csocket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof((struct sockaddr_un *)0)->sun_path == CSOCKET_PATH_MAX + 1, "sun_path");

enum { BACKLOG = 16 };

// The length of the address, or -errno.
static int set_path(struct sockaddr_un *address, const char *path) {
    size_t length = strlen(path);
    if (length == 0) return -ENOENT;
    if (length > CSOCKET_PATH_MAX) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return (int)(offsetof(struct sockaddr_un, sun_path) + length);
}

// Closes `fd` after a call that failed.
static int refuse(int fd) {
    int error = errno;
    close(fd);
    return -error;
}

int csocket_listen_at(const char *path, unsigned mode) {
    struct sockaddr_un address;
    int length = set_path(&address, path);
    if (length < 0) return length;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    // bind(2) makes the file with the permissions of the socket: nobody can connect before they are right.
    if (fchmod(fd, mode) != 0) return refuse(fd);
    if (bind(fd, (struct sockaddr *)&address, (socklen_t)length + 1) != 0) return refuse(fd);
    if (chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        unlink(path);
        errno = error;
        return refuse(fd);
    }
    return fd;
}

int csocket_listen_on_loopback(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0) return refuse(fd);
    return fd;
}

uint16_t csocket_port(int fd) {
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
    } address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 0;
    return address.any.ss_family == AF_INET ? ntohs(address.v4.sin_port) : 0;
}

int csocket_accept(int fd) {
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return client >= 0 ? client : -errno;
}

int csocket_peer(int fd, uint32_t *uid, int32_t *pid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -errno;
    *uid = peer.uid;
    *pid = peer.pid;
    return 0;
}

int csocket_connect(const char *path, int timeout_s) {
    struct sockaddr_un address;
    int length = set_path(&address, path);
    if (length < 0) return length;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct timeval timeout = {.tv_sec = timeout_s};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (connect(fd, (struct sockaddr *)&address, (socklen_t)length + 1) != 0) return refuse(fd);
    return fd;
}

int csocket_send_datagram(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    int length = set_path(&address, path);
    if (length < 0) return length;
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    // Without the zero after the name: in the abstract namespace it would be a part of it.
    long sent = sendto(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, (socklen_t)length);
    if (sent < 0) return refuse(fd);
    close(fd);
    return 0;
}

long csocket_send(int fd, const void *bytes, size_t count) {
    long sent = send(fd, bytes, count, MSG_NOSIGNAL);
    return sent >= 0 ? sent : -errno;
}
