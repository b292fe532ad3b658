#define _GNU_SOURCE 1
#include "cproc.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/// The kernel's own queue is the buffer while the ring is full.
#define RECEIVE_BUFFER (16 << 20)

static int open_socket(int protocol, uint32_t groups) {
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    int size = RECEIVE_BUFFER;
    // Without CAP_NET_ADMIN the ordinary limit has to do.
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int cproc_open_connector(void) {
    int fd = open_socket(NETLINK_CONNECTOR, CN_IDX_PROC);
    if (fd < 0) return fd;
    // cn_msg ends in a flexible array, so the request is put together by hand.
    uint8_t request[NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(uint32_t)];
    struct nlmsghdr header = {
        .nlmsg_len = sizeof request, .nlmsg_type = NLMSG_DONE, .nlmsg_pid = (uint32_t)getpid()};
    struct cn_msg message = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof(uint32_t)};
    uint32_t operation = PROC_CN_MCAST_LISTEN;
    memcpy(request, &header, sizeof header);
    memcpy(request + NLMSG_HDRLEN, &message, sizeof message);
    memcpy(request + NLMSG_HDRLEN + sizeof message, &operation, sizeof operation);
    if (send(fd, request, sizeof request, 0) == (ssize_t)sizeof request) return fd;
    int error = errno;
    close(fd);
    return -error;
}

// Generic netlink ---------------------------------------------------------------------------------------

struct genl_request {
    struct nlmsghdr header;
    struct genlmsghdr generic;
    struct nlattr attribute;
    char value[64];
};

/// Sends one command with one attribute. 0, or -errno.
static int send_command(int fd, uint16_t family, uint8_t command, uint16_t type, const char *value, bool wants_ack) {
    struct genl_request request = {0};
    size_t length = strlen(value) + 1;
    if (length > sizeof request.value) return -E2BIG;
    memcpy(request.value, value, length);
    request.attribute = (struct nlattr){.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
    request.generic = (struct genlmsghdr){.cmd = command, .version = 1};
    request.header = (struct nlmsghdr){
        .nlmsg_len = (uint32_t)(NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(NLA_HDRLEN + length)),
        .nlmsg_type = family,
        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (wants_ack ? NLM_F_ACK : 0)),
    };
    return send(fd, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

/// Receives one answer within a second. Its length, or -errno (also the one inside a netlink error).
static int receive_answer(int fd, void *bytes, size_t capacity) {
    struct timeval second = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    ssize_t got = recv(fd, bytes, capacity, 0);
    int error = errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0}, sizeof second);
    if (got < 0) return -error;
    const struct nlmsghdr *header = bytes;
    if (got < (ssize_t)sizeof *header) return -EPROTO;
    if (header->nlmsg_type != NLMSG_ERROR) return (int)got;
    if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr))) return -EPROTO;
    const struct nlmsgerr *failure = NLMSG_DATA(header);
    return failure->error;
}

/// The number of the generic netlink family `name`, or -errno.
static int find_family(int fd, const char *name) {
    int sent = send_command(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, name, false);
    if (sent < 0) return sent;
    char bytes[4096] __attribute__((aligned(8)));
    int got = receive_answer(fd, bytes, sizeof bytes);
    if (got < 0) return got;
    size_t at = NLMSG_LENGTH(GENL_HDRLEN);
    while (at + NLA_HDRLEN <= (size_t)got) {
        struct nlattr attribute;
        memcpy(&attribute, bytes + at, sizeof attribute);
        if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > (size_t)got - at) break;
        if (attribute.nla_type == CTRL_ATTR_FAMILY_ID && attribute.nla_len >= NLA_HDRLEN + 2) {
            uint16_t family;
            memcpy(&family, bytes + at + NLA_HDRLEN, sizeof family);
            return family;
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
    return -ENOENT;
}

int cproc_open_taskstats(void) {
    int fd = open_socket(NETLINK_GENERIC, 0);
    if (fd < 0) return fd;
    int result = find_family(fd, TASKSTATS_GENL_NAME);
    if (result >= 0) {
        char processors[32];
        long configured = sysconf(_SC_NPROCESSORS_CONF);
        snprintf(processors, sizeof processors, "0-%ld", (configured > 0 ? configured : 1) - 1);
        result = send_command(fd, (uint16_t)result, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK,
                              processors, true);
        char bytes[4096] __attribute__((aligned(8)));
        if (result == 0) result = receive_answer(fd, bytes, sizeof bytes);
    }
    if (result >= 0) return fd;
    close(fd);
    return result;
}
