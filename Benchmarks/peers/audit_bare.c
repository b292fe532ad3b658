// audit_bare: registers as the audit daemon, enables audit, counts records and drops them, as the measure for
// Vedette. Prints "watching" when ready; ends on SIGINT or SIGTERM, leaves audit as it found it and prints its
// counts as JSON. Rules are the caller's.
#include "peer.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#define BATCH 64
#define RECORD_MAX 9216

static int netlink;

/// Receives the answer to `type`; records that come in between are dropped. -errno when the kernel refused.
static int receive_reply(int type, void *payload, size_t size) {
    static char buffer[RECORD_MAX] __attribute__((aligned(4)));
    struct nlmsghdr *header = (void *)buffer;
    for (;;) {
        must(recv(netlink, buffer, sizeof buffer, 0), "recv");
        if (header->nlmsg_type == NLMSG_ERROR) {
            int error = ((struct nlmsgerr *)NLMSG_DATA(header))->error;
            if (error != 0 || type == NLMSG_ERROR) return error;
        }
        if (header->nlmsg_type != type) continue;
        memcpy(payload, NLMSG_DATA(header), size);
        return 0;
    }
}

/// Sends a request that the kernel acknowledges.
static void request(int type, const void *payload, size_t size) {
    struct {
        struct nlmsghdr header;
        struct audit_status payload;
    } message = {.header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
                            .nlmsg_type = (uint16_t)type,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
    if (size > 0) memcpy(&message.payload, payload, size);
    must(send(netlink, &message, message.header.nlmsg_len, 0), "send");
}

static struct audit_status get_status(void) {
    struct audit_status status;
    request(AUDIT_GET, NULL, 0);
    errno = -receive_reply(AUDIT_GET, &status, sizeof status);
    must(errno == 0 ? 0 : -1, "AUDIT_GET");
    return status;
}

static void set_status(struct audit_status status, uint32_t mask) {
    status.mask = mask;
    request(AUDIT_SET, &status, sizeof status);
    errno = -receive_reply(NLMSG_ERROR, NULL, 0);
    must(errno == 0 ? 0 : -1, "AUDIT_SET");
}

/// Receives until a signal comes. The number of records.
static uint64_t count_records(uint64_t *bytes, uint64_t *overruns) {
    static char buffers[BATCH][RECORD_MAX];
    static struct iovec vectors[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int index = 0; index < BATCH; index++) {
        vectors[index] = (struct iovec){buffers[index], RECORD_MAX};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &vectors[index], .msg_iovlen = 1};
    }
    uint64_t records = 0;
    while (!stopped) {
        int count = recvmmsg(netlink, messages, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0 && errno == ENOBUFS) *overruns += 1;
        if (count < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
        must(count, "recvmmsg");
        for (int index = 0; index < count; index++) {
            uint16_t type = ((struct nlmsghdr *)buffers[index])->nlmsg_type;
            records += type >= AUDIT_FIRST_USER_MSG;
            *bytes += messages[index].msg_len;
        }
    }
    return records;
}

int main(void) {
    stop_on_signals();
    netlink = (int)must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), "socket");
    int size = 16 << 20;
    must(setsockopt(netlink, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), "SO_RCVBUFFORCE");
    struct audit_status before = get_status();
    struct audit_status own = before;
    own.pid = (uint32_t)getpid();
    own.enabled = 1;
    own.backlog_limit = 8192;
    own.backlog_wait_time = 0;
    set_status(own, AUDIT_STATUS_BACKLOG_WAIT_TIME | AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_PID);
    set_status(own, AUDIT_STATUS_ENABLED);
    fprintf(stderr, "watching\n");
    uint64_t start = processor_us(), bytes = 0, overruns = 0;
    uint64_t records = count_records(&bytes, &overruns);
    uint64_t used = processor_us() - start;
    struct audit_status after = get_status();
    before.pid = 0;
    set_status(before, AUDIT_STATUS_ENABLED);
    set_status(before, AUDIT_STATUS_PID);
    set_status(before, AUDIT_STATUS_BACKLOG_WAIT_TIME | AUDIT_STATUS_BACKLOG_LIMIT);
    printf("{\"records\": %llu, \"bytes\": %llu, \"lost\": %u, \"overruns\": %llu, \"cpu_us\": %llu}\n",
           (unsigned long long)records, (unsigned long long)bytes, after.lost - before.lost,
           (unsigned long long)overruns, (unsigned long long)used);
    return 0;
}
