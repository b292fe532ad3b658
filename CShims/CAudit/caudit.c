#define _GNU_SOURCE 1
#include "caudit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// What the Swift side reads and writes by offset.
_Static_assert(offsetof(struct audit_status, enabled) == 4, "status");
_Static_assert(offsetof(struct audit_status, pid) == 12, "status");
_Static_assert(offsetof(struct audit_status, backlog_limit) == 20, "status");
_Static_assert(offsetof(struct audit_status, lost) == 24, "status");
_Static_assert(offsetof(struct audit_status, backlog_wait_time) == 36, "status");
_Static_assert(offsetof(struct audit_rule_data, mask) == 12, "rule");
_Static_assert(offsetof(struct audit_rule_data, fields) == 268, "rule");
_Static_assert(offsetof(struct audit_rule_data, values) == 524, "rule");
_Static_assert(offsetof(struct audit_rule_data, fieldflags) == 780, "rule");
_Static_assert(offsetof(struct audit_rule_data, buflen) == 1036, "rule");
_Static_assert(sizeof(struct audit_rule_data) == 1040, "rule");

#define RECEIVE_BUFFER (16 << 20)

int caudit_open(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    if (fd < 0) return -errno;
    int size = RECEIVE_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int caudit_set_multicast(int fd, int joined) {
    int group = AUDIT_NLGRP_READLOG;
    int option = joined ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
    return setsockopt(fd, SOL_NETLINK, option, &group, sizeof group) == 0 ? 0 : -errno;
}

int caudit_send(int fd, uint16_t type, uint16_t flags, uint32_t sequence, const void *payload, uint32_t length) {
    struct nlmsghdr header = {
        .nlmsg_len = NLMSG_LENGTH(length), .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = sequence};
    struct iovec parts[2] = {{.iov_base = &header, .iov_len = sizeof header},
                             {.iov_base = (void *)payload, .iov_len = length}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct msghdr message = {
        .msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1};
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int caudit_receive(int fd, void *bytes, uint32_t capacity, int timeout_ms) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_ms);
    if (ready <= 0) return ready == 0 || errno == EINTR ? 0 : -errno;
    struct sockaddr_nl sender = {0};
    socklen_t length = sizeof sender;
    ssize_t got = recvfrom(fd, bytes, capacity, MSG_DONTWAIT, (struct sockaddr *)&sender, &length);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    return sender.nl_pid == 0 ? (int)got : 0;
}
